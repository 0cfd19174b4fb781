/** Text that may be left out. An empty one is what a script passes whose variable is not set: it counts as left out. */
export function givenText(text: string | null): string | null {
  return text === '' ? null : text;
}
