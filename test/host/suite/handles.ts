import { readdirSync, readlinkSync } from 'node:fs';

/** What threads, their ports, watches and files show up as, once nothing changes any more. */
export async function settledHandles(): Promise<object> {
  let last = '';
  for (;;) {
    await new Promise((done) => setTimeout(done, 300));
    const now = {
      threads: readdirSync('/proc/self/task').length,
      ports: process.getActiveResourcesInfo().filter((name) => /MessagePort|Worker/.test(name)).length,
      watches: openFiles().filter((target) => target.includes('inotify')).length,
      ledgerFiles: openFiles().filter((target) => target.includes('workerctl.db')).length,
    };
    if (JSON.stringify(now) === last) return now;
    last = JSON.stringify(now);
  }
}

function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').map((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`);
    } catch {
      return '';
    }
  });
}
