export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The smallest value that at least `percent` of all are not above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
  if (value === undefined) throw new Error('no values');
  return value;
}

/** What a latency's figures are printed as, in milliseconds. */
export function spread(values: readonly number[]) {
  const at = (percent: number) => rounded(percentile(values, percent));
  return { samples: values.length, p50: at(50), p95: at(95), max: at(100) };
}

export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
