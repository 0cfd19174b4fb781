import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../tmux/tmuxServer.ts';
import { rounded } from './statistics.ts';
import { committed, pause, supervisedPair } from './supervisedPair.ts';

/**
 * What `dispatch --watch` costs while nothing happens: a pair idles in two panes for a minute. Its own processor time
 * and that of every tmux it starts, in per cent of one core; commits counted in the write-ahead log. Linux only.
 */
const seconds = Number(process.argv[2] ?? 60);
const goals = { cpuPercent: 2, residentMegabytes: 120, commitsPerMinute: 60 };
const ticksPerSecond = 100; // Linux reports times to user space in these, whatever its kernel's timer

if (process.platform === 'linux') await measure();
else console.log(JSON.stringify({ bench: 'idle', skipped: 'needs /proc' }));

async function measure(): Promise<void> {
  const server = startServer();
  try {
    const worker = await server.standIn('worker');
    const manager = await server.standIn('manager');
    const pair = await supervisedPair({
      panes: {
        socket: join(server.folder, 'tmux'),
        worker: { session: 'worker', pid: worker.pane.pid },
        manager: { session: 'manager', pid: manager.pane.pid },
      },
    });
    try {
      const { ledger } = pair;
      const watch = pair.start('dispatch', '--watch');
      await committed(ledger, () => ledger.all('SELECT 1 FROM panel_observations').length === 2);
      await pause(5000);
      const tmuxPid = Number(server.raw('display-message', '-p', '#{pid}'));
      const before = { watch: processorSeconds(watch.pid), tmux: processorSeconds(tmuxPid) };
      ledger.pragma('wal_checkpoint(TRUNCATE)');
      await pause(seconds * 1000);
      const share = (now: number, then: number) => rounded(((now - then) / seconds) * 100, 2);
      const cpuPercent = share(processorSeconds(watch.pid), before.watch);
      const residentMegabytes = Math.round(residentKilobytes(watch.pid) / 1024);
      const commitsPerMinute = Math.round((commitsIn(`${ledger.file}-wal`) / seconds) * 60);
      console.log(
        JSON.stringify({
          bench: 'idle',
          goal: goals,
          met:
            cpuPercent <= goals.cpuPercent &&
            residentMegabytes <= goals.residentMegabytes &&
            commitsPerMinute <= goals.commitsPerMinute,
          cpuPercent,
          tmuxServerPercent: share(processorSeconds(tmuxPid), before.tmux),
          residentMegabytes,
          commitsPerMinute,
          seconds,
        }),
      );
    } finally {
      await pair.close();
    }
  } finally {
    server.close();
  }
}

/** Of a process and of its children that have ended. */
function processorSeconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / ticksPerSecond;
}

function residentKilobytes(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+)/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** https://www.sqlite.org/fileformat.html#walformat: the last frame of a transaction has the size of the database. */
function commitsIn(wal: string): number {
  const bytes = readFileSync(wal);
  if (bytes.length === 0) return 0;
  const pageSize = bytes.readUInt32BE(8);
  const salt = bytes.subarray(16, 24);
  let commits = 0;
  for (let at = 32; at + 24 <= bytes.length; at += 24 + pageSize) {
    if (salt.equals(bytes.subarray(at + 8, at + 16)) && bytes.readUInt32BE(at + 4) > 0) commits += 1;
  }
  return commits;
}
