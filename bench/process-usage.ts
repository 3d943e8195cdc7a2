import { readFileSync } from 'node:fs';

const clockTicksPerSecond = 100;

/** CPU time that a process has used, utime and stime of proc(5). */
export const cpuMs = (pid: number | undefined): number => {
  const fields =
    readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond) * 1000;
};

/** Memory that is resident now, in bytes. */
export const residentBytes = (pid: number | undefined): number => field(pid, 'VmRSS');

/** The most that ever was, in bytes. */
export const peakRSS = (pid: number | undefined): number => field(pid, 'VmHWM');

const field = (pid: number | undefined, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) *
  1024;
