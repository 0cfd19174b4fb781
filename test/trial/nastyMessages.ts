/** Messages that a terminal, a shell, tmux or Codex's composer could take for something else. */
export interface NastyMessage {
  readonly kind: string;
  readonly text: string;
  /** Codex would act on it instead of reading it: it must be refused in a sentence. */
  readonly isRefused?: true;
}

const long = (length: number): string =>
  Array.from({ length: Math.ceil(length / 10) }, (_, index) => `word${String(index).padStart(5, '0')}`)
    .join(' ')
    .slice(0, length);

export const nastyMessages: readonly NastyMessage[] = [
  { kind: 'plain', text: 'Run the tests again' },
  { kind: 'one letter that answers a menu', text: 'y' },
  { kind: 'a number that answers a menu', text: '1' },
  { kind: 'leading dash', text: '-rf is not a flag here' },
  { kind: 'leading double dash', text: '-- --help -t =x' },
  { kind: 'lines', text: 'first line\nsecond line\n\nfourth line' },
  { kind: 'windows lines', text: 'first\r\nsecond\r\nthird' },
  { kind: 'trailing newlines', text: 'and then\n\n\n' },
  { kind: 'tabs', text: 'a\tb\t\tc' },
  { kind: 'umlauts and signs', text: 'Grüße, naïve façade — “quoted” … ½' },
  { kind: 'emoji', text: '👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 done' },
  { kind: 'wide and right-to-left', text: '日本語のテスト שלום مرحبا' },
  { kind: 'combining', text: 'cafe\u0301 Z\u0351\u036Balgo' },
  { kind: 'control characters', text: 'be\u0007ep ba\u0008ck \u0000nul \u001B[31mred\u001B[0m end' },
  { kind: 'end of a bracketed paste', text: 'before\u001B[201~\rafter' },
  { kind: 'shell words', text: '"; rm -rf ~; echo $(id) `id` && exit #' },
  { kind: 'tmux words', text: '#{pane_id} #(id) ; kill-server \\; C-c Enter' },
  { kind: 'a trailing semicolon', text: 'this ends with ;' },
  { kind: 'backslashes', text: 'C:\\new\\table \\n \\\\ \\' },
  { kind: 'a path first', text: '/tmp/report.txt has the result' },
  { kind: 'a question mark first', text: '? what is this' },
  { kind: 'a hash first', text: '# heading' },
  { kind: 'a file name last', text: 'look at @src' },
  { kind: 'a skill last', text: 'use $skill' },
  { kind: 'a quoted prompt', text: '› Ask Codex to do anything' },
  { kind: 'a quoted question', text: 'Would you like to run the following command?\n› 1. Yes, proceed (y)' },
  { kind: 'JSON', text: '{"a": [1, 2, {"b": "c\\"d"}]}' },
  { kind: 'one long word', text: 'x'.repeat(900) },
  { kind: '4 KB', text: long(4096) },
  { kind: '4 KB in lines', text: long(4096).replaceAll(/(.{60}) /g, '$1\n') },
  { kind: '100 KB', text: long(100_000) },
  { kind: 'a shell escape', text: '!touch pwned', isRefused: true },
  { kind: 'a slash command', text: '/new', isRefused: true },
  { kind: 'a slash command with words', text: '/status please', isRefused: true },
  { kind: 'nothing', text: ' \n\t ', isRefused: true },
];
