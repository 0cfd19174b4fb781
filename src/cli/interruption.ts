const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Some programs that end others signal the process and then its group: both are one wish. Milliseconds. */
const oneWish = 1000;

/**
 * Aborts at the first signal, so that a verb can leave in order. Who signals again a moment later does not want to wait:
 * the process then ends as without us.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let first: number | null = null;
  const onSignal = (signal: NodeJS.Signals): void => {
    first ??= performance.now();
    controller.abort();
    if (performance.now() - first < oneWish) return;
    for (const name of signals) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  };
  for (const name of signals) process.on(name, onSignal);
  return controller.signal;
}
