// A process by more than its number: pids are reused, so a lock or a temp folder left behind names its owner by pid, start time and boot.
import { readFileSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which the process started (proc(5), field 22 of stat); absent where there is no /proc. */
  readonly startTime?: string;
  /** The kernel's id of this boot; absent where there is no /proc. */
  readonly bootId?: string;
}

export function ownIdentity(): ProcessIdentity {
  return identityOf(process.pid);
}

export function identityOf(pid: number): ProcessIdentity {
  const startTime = readStat(pid)?.startTime;
  const bootId = readBootId();
  return { pid, ...(startTime === undefined ? {} : { startTime }), ...(bootId === undefined ? {} : { bootId }) };
}

/** True while that very process runs: a reused pid, an earlier boot, or a process that only waits to be reaped is "not alive". */
export function isAlive(identity: ProcessIdentity): boolean {
  const bootId = readBootId();
  if (identity.bootId !== undefined && bootId !== undefined && identity.bootId !== bootId) return false;
  if (!pidExists(identity.pid)) return false;
  const stat = readStat(identity.pid);
  if (stat === undefined) return true;
  if (stat.state === 'Z' || stat.state === 'X') return false;
  return identity.startTime === undefined || stat.startTime === identity.startTime;
}

/** The identity in a file written by this package, or undefined if the text is not one (a torn or foreign file). */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
  const { pid } = value;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  const startTime = 'startTime' in value && typeof value.startTime === 'string' ? value.startTime : undefined;
  const bootId = 'bootId' in value && typeof value.bootId === 'string' ? value.bootId : undefined;
  return { pid, ...(startTime === undefined ? {} : { startTime }), ...(bootId === undefined ? {} : { bootId }) };
}

function pidExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
}

/** Fields 3 and 22 of /proc/pid/stat; undefined where there is no /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number): { readonly state: string; readonly startTime: string } | undefined {
  const stat = readIfPresent(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The second field is the command in parentheses and may hold blanks: count from the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

function readBootId(): string | undefined {
  return readIfPresent('/proc/sys/kernel/random/boot_id')?.trim();
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = errorCode(error);
    // ESRCH: the process ended between open and read.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
