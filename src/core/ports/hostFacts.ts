import { readFileSync, readlinkSync, readdirSync, realpathSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

/** What this host says about processes: liveness, identity over pid reuse, tree, open files. */
export interface HostFacts {
  /** True also when the process belongs to somebody else. */
  isAlive(pid: number): boolean;
  /** `isAlive` and `startTime` (null when it has ended) in one look, for whoever looks at many. */
  standing(pid: number): ProcessStanding;
  /** A value that two processes with one pid never share (start ticks on Linux, start date elsewhere); null when gone. */
  startTime(pid: number): string | null;
  /** Changes with each boot. */
  readonly bootId: string;
  /** The pid namespace of this process: `pid:[4026531836]`; null where there are none. */
  readonly pidNamespace: string | null;
  /** Children of a process, in order of pid. */
  children(pid: number): readonly number[];
  commandLine(pid: number): readonly string[];
  /** The folder that the process works in; null when it can't be seen. */
  workingFolder(pid: number): string | null;
  /** Absolute paths of the regular files that the process holds open. */
  openFiles(pid: number): readonly string[];
  /** Processes that hold one of these files open, as far as this user may see; absolute paths. */
  openedBy(files: readonly string[]): readonly number[];
}

export interface ProcessStanding {
  readonly isAlive: boolean;
  readonly startTime: string | null;
}

/**
 * Wall clock, milliseconds, of a start that `startTime` told in this boot; null when it can't be read. Ticks count from
 * the boot in hundredths of a second on every Linux that is built today.
 */
export function startedAt(startTime: string, now: number): number | null {
  if (!/^\d+$/.test(startTime)) {
    const at = Date.parse(startTime);
    return Number.isNaN(at) ? null : at;
  }
  const uptime = Number.parseFloat(readText('/proc/uptime') ?? '');
  return Number.isFinite(uptime) ? now - uptime * 1000 + Number(startTime) * 10 : null;
}

/** Asked for with every look at a lease, and elsewhere than on Linux a process each time. */
let knownBootId: string | null = null;

export const systemHostFacts: HostFacts = {
  isAlive: (pid) => {
    const stat = linuxStat(pid);
    return stat === null ? takesSignals(pid) : !isZombie(stat);
  },
  standing: (pid) => {
    const stat = linuxStat(pid);
    if (stat !== null) return isZombie(stat) ? ended : { isAlive: true, startTime: stat.startTicks };
    return takesSignals(pid) ? { isAlive: true, startTime: psStartDate(pid) } : ended;
  },
  startTime: (pid) => linuxStat(pid)?.startTicks ?? psStartDate(pid),
  get bootId() {
    return (knownBootId ??= readText('/proc/sys/kernel/random/boot_id')?.trim() ?? sysctlBootSession());
  },
  get pidNamespace() {
    return readLink('/proc/self/ns/pid');
  },
  children: (pid) => linuxChildren(pid) ?? psChildren(pid),
  commandLine: (pid) =>
    readText(`/proc/${pid}/cmdline`)?.split('\0').filter(Boolean) ??
    splitCommand(psField(pid, 'comm=') ?? '', psField(pid, 'command=') ?? ''),
  workingFolder: (pid) => readLink(`/proc/${pid}/cwd`) ?? lsofFolder(pid),
  openFiles: (pid) => linuxOpenFiles(pid) ?? lsofOpenFiles(pid),
  openedBy: (files) => {
    const wanted = new Set(files.flatMap((file) => [file, realPath(file)]));
    return linuxOpenedBy(wanted) ?? lsofOpenedBy([...wanted]);
  },
};

interface LinuxStat {
  readonly state: string;
  readonly startTicks: string;
}

function linuxStat(pid: number): LinuxStat | null {
  const text = readText(`/proc/${pid}/stat`);
  if (!text) return null;
  // The program name is in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], fields[19]];
  return state !== undefined && startTicks !== undefined ? { state, startTicks } : null;
}

function isZombie({ state }: LinuxStat): boolean {
  return state === 'Z';
}

const ended: ProcessStanding = { isAlive: false, startTime: null };

/** Where there is no /proc, or it hides what belongs to others. */
function takesSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isNodeError(error) && error.code === 'EPERM';
  }
}

function linuxChildren(pid: number): readonly number[] | null {
  const tasks = listFolder(`/proc/${pid}/task`);
  if (!tasks) return readText('/proc/self/stat') === null ? null : [];
  const found = tasks.flatMap((task) =>
    (readText(`/proc/${pid}/task/${task}/children`) ?? '').split(' ').filter(Boolean),
  );
  return [...new Set(found.map(Number))].toSorted((left, right) => left - right);
}

function linuxOpenFiles(pid: number): readonly string[] | null {
  const entries = listFolder(`/proc/${pid}/fd`);
  if (!entries) return readText('/proc/self/stat') === null ? null : [];
  return [
    ...new Set(entries.map((entry) => readLink(`/proc/${pid}/fd/${entry}`)).filter((file) => file?.startsWith('/'))),
  ].filter((file) => file !== null && file !== undefined);
}

function linuxOpenedBy(wanted: ReadonlySet<string>): readonly number[] | null {
  if (readText('/proc/self/stat') === null) return null;
  const pids = (listFolder('/proc') ?? []).filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.filter((pid) => linuxOpenFiles(pid)?.some((file) => wanted.has(file)) === true);
}

function lsofOpenedBy(files: readonly string[]): readonly number[] {
  const pids = execute('lsof', ['-t', '--', ...files])
    .split('\n')
    .filter(Boolean)
    .map(Number);
  return [...new Set(pids)];
}

function lsofOpenFiles(pid: number): readonly string[] {
  const text = execute('lsof', ['-p', String(pid), '-Fn']);
  return [
    ...new Set(
      text
        .split('\n')
        .filter((line) => line.startsWith('n/'))
        .map((line) => line.slice(1)),
    ),
  ];
}

function lsofFolder(pid: number): string | null {
  const line = execute('lsof', ['-a', '-p', String(pid), '-d', 'cwd', '-Fn'])
    .split('\n')
    .find((one) => one.startsWith('n/'));
  return line === undefined ? null : line.slice(1);
}

/**
 * The words of a command line where `ps` only has them in one string: a program's own path may hold blanks, and `comm` has
 * it whole on macOS.
 */
export function splitCommand(program: string, command: string): readonly string[] {
  const isWhole = program !== '' && (command === program || command.startsWith(`${program} `));
  const rest = isWhole ? command.slice(program.length) : command;
  return [...(isWhole ? [program] : []), ...rest.split(' ').filter(Boolean)];
}

function psChildren(pid: number): readonly number[] {
  return execute('pgrep', ['-P', String(pid)])
    .split('\n')
    .filter(Boolean)
    .map(Number);
}

/** In one language and one zone, whoever asks: it is compared with what another process wrote down. */
function psStartDate(pid: number): string | null {
  return execute('ps', ['-o', 'lstart=', '-p', String(pid)], { ...process.env, LC_ALL: 'C', TZ: 'UTC' }).trim() || null;
}

function psField(pid: number, field: string): string | null {
  return execute('ps', ['-o', field, '-p', String(pid)]).trim() || null;
}

/** Not `kern.boottime`: that one moves whenever the clock is set. */
function sysctlBootSession(): string {
  return execute('sysctl', ['-n', 'kern.bootsessionuuid']).trim() || 'unknown-boot';
}

function execute(file: string, argv: string[], env = process.env): string {
  try {
    return execFileSync(file, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5000, env });
  } catch {
    return '';
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

function readLink(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    return null;
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function listFolder(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}

function isNodeError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

export interface FakeProcess {
  readonly startTime?: string;
  readonly parent?: number;
  readonly commandLine?: readonly string[];
  readonly openFiles?: readonly string[];
  readonly workingFolder?: string;
}

/** A host whose processes are what the test says. */
export class FakeHostFacts implements HostFacts {
  readonly processes = new Map<number, FakeProcess>();
  bootId = 'boot-1';
  pidNamespace: string | null = 'pid:[1]';

  isAlive(pid: number): boolean {
    return this.processes.has(pid);
  }

  standing(pid: number): ProcessStanding {
    return { isAlive: this.isAlive(pid), startTime: this.startTime(pid) };
  }

  startTime(pid: number): string | null {
    const found = this.processes.get(pid);
    return found ? (found.startTime ?? '1') : null;
  }

  children(pid: number): readonly number[] {
    return [...this.processes].filter(([, one]) => one.parent === pid).map(([child]) => child);
  }

  commandLine(pid: number): readonly string[] {
    return this.processes.get(pid)?.commandLine ?? [];
  }

  workingFolder(pid: number): string | null {
    return this.processes.get(pid)?.workingFolder ?? null;
  }

  openFiles(pid: number): readonly string[] {
    return this.processes.get(pid)?.openFiles ?? [];
  }

  openedBy(files: readonly string[]): readonly number[] {
    return [...this.processes]
      .filter(([, one]) => one.openFiles?.some((file) => files.includes(file)))
      .map(([pid]) => pid);
  }
}
