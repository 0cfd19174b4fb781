/**
 * Words from a screen or a ledger, for places where VS Code would make more of them: `$(name)` becomes an icon in picks
 * and in the status bar, `[words](command:…)` a link in notifications, and that link runs the command. Neither happens
 * once an invisible space stands in between.
 */
export function plainWords(text: string): string {
  return text.replaceAll('$(', '$\u200b(').replaceAll('](', ']\u200b(');
}
