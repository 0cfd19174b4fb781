/**
 * Markdown for tooltips. Names, goals and evidence come from a ledger that any process may have written: they are
 * escaped, never interpreted.
 */

export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, '\\$&').replaceAll(/\s+/g, ' ');
}

/** A fence longer than any run of backticks inside. */
export function codeBlock(text: string, language = ''): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** A heading, a lead sentence and a table of facts; facts without a value are left out. */
export function card(title: string, lead: string | null, facts: readonly (readonly [string, string | null])[]): string {
  const rows = facts.filter(([, value]) => value !== null && value !== '');
  const table = rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value ?? '')} |`);
  return [
    `**${escapeMarkdown(title)}**`,
    lead === null || lead === '' ? null : escapeMarkdown(lead),
    table.length === 0 ? null : ['| | |', '|:--|:--|', ...table].join('\n'),
  ]
    .filter((part) => part !== null)
    .join('\n\n');
}
