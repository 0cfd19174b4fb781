/** An id that may be left out. An empty one is what a script passes whose variable is not set: it counts as left out. */
export function givenId(id: string | null): string | null {
  return id === '' ? null : id;
}
