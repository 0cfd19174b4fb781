/**
 * Where data differs from what was expected, as a JSON path with both values; null when it agrees. More keys than
 * expected are fine: the goldens were made by a program that knows less.
 */
export function firstDifference(wanted: unknown, found: unknown, path = '$'): string | null {
  if (Array.isArray(wanted) && Array.isArray(found)) return differenceOfLists(wanted, found, path);
  if (isRecord(wanted) && isRecord(found)) {
    for (const key of Object.keys(wanted).toSorted()) {
      if (!(key in found)) return `${path}.${key} missing`;
      if (durations.has(key) && typeof found[key] === 'number') continue;
      const difference = firstDifference(wanted[key], found[key], `${path}.${key}`);
      if (difference !== null) return difference;
    }
    return null;
  }
  return Object.is(wanted, found) ? null : `${path}: ${brief(wanted)} expected, ${brief(found)} found`;
}

/** How long something took here is nobody's golden. */
const durations: ReadonlySet<string> = new Set(['elapsed_seconds']);

function differenceOfLists(wanted: readonly unknown[], found: readonly unknown[], path: string): string | null {
  for (const [index, item] of wanted.entries()) {
    if (index >= found.length) break;
    const difference = firstDifference(item, found[index], `${path}[${index}]`);
    if (difference !== null) return difference;
  }
  return wanted.length === found.length ? null : `${path}: ${wanted.length} items expected, ${found.length} found`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function brief(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
