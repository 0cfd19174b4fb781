import type { CompletedOption, CompletedVerb, Offer } from './completions.ts';
import { ledgerQueries } from './completionsLedger.ts';

export function zshCompletions(verbs: readonly CompletedVerb[]): string {
  return `#compdef conveyor workerctl
# zsh completion for conveyor and workerctl. Generated: conveyor completions zsh

${ledgerQueries('_conveyor')}
_conveyor_task_names() {
  local -a names
  names=("\${(@f)$(_conveyor_tasks)}")
  compadd -a names
}

_conveyor_session_names() {
  local -a names
  names=("\${(@f)$(_conveyor_sessions)}")
  compadd -a names
}

_conveyor_verbs() {
  local -a verbs
  verbs=(
${verbs.map(({ name, summary }) => `    ${quoted(`${name.replaceAll(':', '\\:')}:${summary}`)}`).join('\n')}
  )
  _describe verb verbs
}

_conveyor() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)--help[list the verbs]' '1:verb:_conveyor_verbs' '*::argument:->rest'
  [[ $state == rest ]] || return
  case $line[1] in
${verbs.map(verbCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _conveyor ]]; then
  _conveyor "$@"
else
  compdef _conveyor conveyor workerctl
fi
`;
}

function verbCase({ name, words, options }: CompletedVerb): string {
  const specs = [
    ...options.map(optionSpec),
    ...words.map(({ placeholder, value }, index) => `${index + 1}:${placeholder}:${action(value)}`),
  ];
  return `    ${name})\n      _arguments ${specs.map(quoted).join(' \\\n        ')}\n      ;;`;
}

function optionSpec({ flag, help, placeholder, value, isRepeatable }: CompletedOption): string {
  const described = `${isRepeatable ? '*' : ''}${flag}${value === null ? '' : '='}[${help.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  return value === null ? described : `${described}:${placeholder}:${action(value)}`;
}

function action(offer: Offer): string {
  const actions = {
    tasks: '_conveyor_task_names',
    sessions: '_conveyor_session_names',
    files: '_files',
    folders: '_files -/',
    nothing: '',
  };
  return offer.kind === 'words' ? `(${offer.words.join(' ')})` : actions[offer.kind];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
