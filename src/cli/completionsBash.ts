import type { CompletedVerb, Offer } from './completions.ts';
import { quoteForShell } from '../core/domain/shellQuote.ts';
import { ledgerQueries } from './completionsLedger.ts';

const offering = `# Lines of standard input that begin like the current word, quoted where that is needed.
_conveyor_offer() {
  local line
  while IFS= read -r line; do
    [[ $line == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
  done
}

_conveyor_value() {
  case $1 in
    tasks) _conveyor_offer < <(_conveyor_tasks) ;;
    sessions) _conveyor_offer < <(_conveyor_sessions) ;;
    files) compopt -o default 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    folders) compopt -o dirnames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    words) shift; COMPREPLY=($(compgen -W "$*" -- "$cur")) ;;
  esac
}
`;

/** For bash 3.2 and later. */
export function bashCompletions(verbs: readonly CompletedVerb[]): string {
  return `# bash completion for conveyor and workerctl. Generated: conveyor completions bash
# shellcheck shell=bash disable=SC2207

${ledgerQueries('_conveyor')}
${offering}
_conveyor() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb=\${COMP_WORDS[1]}
  local flags='' valued=' ' place='' word i count=0
  local -a places
  places=()
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')} --help' -- "$cur"))
    return
  fi
  # "--flag=value" comes as three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]] && ((COMP_CWORD > 2)); then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case $verb in
${verbs.map(verbCase).join('\n')}
    *) return ;;
  esac
  if [[ $valued == *" $prev "* ]]; then
    # shellcheck disable=SC2086
    _conveyor_value $place
    return
  fi
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    return
  fi
  for ((i = 2; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == -* ]]; then
      [[ $valued == *" $word "* ]] && ((i++))
    elif [[ $word != '=' ]]; then
      ((count++))
    fi
  done
  # shellcheck disable=SC2086
  _conveyor_value \${places[count]-}
}

complete -F _conveyor conveyor workerctl
`;
}

function verbCase({ name, words, options }: CompletedVerb): string {
  const valued = options.filter(({ value }) => value !== null);
  const places = valued.flatMap(({ flag, value }) =>
    value === null || value.kind === 'nothing' ? [] : [`        ${flag}) place=${quoteForShell(spelled(value))} ;;`],
  );
  return [
    `    ${name})`,
    `      flags='${options.map(({ flag }) => flag).join(' ')}'`,
    ...(valued.length === 0 ? [] : [`      valued=' ${valued.map(({ flag }) => flag).join(' ')} '`]),
    ...(words.length === 0
      ? []
      : [`      places=(${words.map(({ value }) => quoteForShell(spelled(value))).join(' ')})`]),
    ...(places.length === 0 ? [] : ['      case $prev in', ...places, '      esac']),
    '      ;;',
  ].join('\n');
}

function spelled(offer: Offer): string {
  return offer.kind === 'words' ? `words ${offer.words.join(' ')}` : offer.kind;
}
