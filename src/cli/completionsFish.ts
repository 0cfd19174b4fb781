import type { CompletedVerb, Offer } from './completions.ts';
import { sessionName } from './completionsLedger.ts';

export function fishCompletions(verbs: readonly CompletedVerb[]): string {
  return `# fish completion for conveyor and workerctl. Generated: conveyor completions fish

function __conveyor_has_ledger
    set -l root .codex-workers
    set -q WORKERCTL_STATE_ROOT; and test -n "$WORKERCTL_STATE_ROOT"; and set root $WORKERCTL_STATE_ROOT
    test -f "$root/workerctl.db"
end

function __conveyor_tasks
    __conveyor_has_ledger; and conveyor tasks --active 2>/dev/null | string split -f1 \\t
end

function __conveyor_sessions
    __conveyor_has_ledger; and conveyor sessions 2>/dev/null | sed -n ${quoted(sessionName)}
end

# Whether this is the verb; with a number, whether that word of it is being typed.
function __conveyor_at
    set -l words (commandline -opc)
    test "$words[2]" = "$argv[1]"; or return 1
    test (count $argv) -eq 1; and return 0
    test (count (string match -v -- '-*' $words[3..-1])) -eq $argv[2]
end

function __conveyor_needs_verb
    test (count (commandline -opc)) -eq 1
end

for program in conveyor workerctl
    complete -c $program -f
    complete -c $program -n __conveyor_needs_verb -l help -d 'list the verbs'
${verbs.flatMap(verbLines).join('\n')}
end
`;
}

function verbLines({ name, summary, words, options }: CompletedVerb): readonly string[] {
  const at = `    complete -c $program -n ${quoted(`__conveyor_at ${name}`)}`;
  return [
    `    complete -c $program -n __conveyor_needs_verb -a ${name} -d ${quoted(summary)}`,
    ...options.map(({ flag, help, value }) => `${at} -l ${flag.slice(2)}${offered(value)} -d ${quoted(help)}`),
    ...words.flatMap(({ value }, index) =>
      value.kind === 'nothing'
        ? []
        : [
            `    complete -c $program -n ${quoted(`__conveyor_at ${name} ${index}`)}${offered(value).replace(' -x', '')}`,
          ],
    ),
  ];
}

function offered(offer: Offer | null): string {
  if (offer === null) return '';
  if (offer.kind === 'words') return ` -x -a ${quoted(offer.words.join(' '))}`;
  if (offer.kind === 'nothing') return ' -x';
  if (offer.kind === 'files') return ' -r -F';
  return offer.kind === 'folders' ? ` -x -a '(__fish_complete_directories)'` : ` -x -a '(__conveyor_${offer.kind})'`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
