/** A reason to look. `type` is part of the contract, the sentence is not. */
export interface Alert {
  readonly type: string;
  readonly severity: 'warning' | 'error';
  readonly message: string;
}

/** The alert when its count is above what is allowed. */
export function alertAbove(
  allowed: number,
  count: number,
  type: string,
  severity: Alert['severity'],
  message: (count: number) => string,
): readonly Alert[] {
  return count > allowed ? [{ type, severity, message: message(count) }] : [];
}

export function alertWhen(
  condition: boolean,
  type: string,
  severity: Alert['severity'],
  message: string,
): readonly Alert[] {
  return condition ? [{ type, severity, message }] : [];
}

export function alertLine({ severity, type, message }: Alert): string {
  return `${severity}: ${type}: ${message}`;
}
