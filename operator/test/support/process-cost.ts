import { readFile, writeFile } from 'node:fs/promises';

/** The memory of a process, as Linux counts it. */
export class ProcessMemory {
  readonly #folder: string;

  constructor(pid: number) {
    this.#folder = `/proc/${String(pid)}`;
  }

  /** MiB that it has now. */
  async now(): Promise<number> {
    return this.#status('VmRSS');
  }

  /** The most MiB that it has had since `forget`. */
  async most(): Promise<number> {
    return this.#status('VmHWM');
  }

  /** Has `most` begin anew. */
  async forget(): Promise<void> {
    // https://www.kernel.org/doc/html/latest/filesystems/proc.html
    await writeFile(`${this.#folder}/clear_refs`, '5');
  }

  async #status(name: string): Promise<number> {
    const text = await readFile(`${this.#folder}/status`, 'utf8');
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
    if (kibibytes === undefined) throw new Error(`no ${name} in ${this.#folder}/status`);
    return Number(kibibytes) / 1024;
  }
}

const tickMs = 10;

/** Milliseconds that the main thread of a process has computed. What it waited for a processor, on a machine with other work, is not in them. */
const computedMs = async (pid: number): Promise<number> => {
  const text = await readFile(`/proc/${String(pid)}/task/${String(pid)}/stat`, 'utf8');
  // After the name, which may hold anything, utime and stime are the 12th and 13th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
};

/** Calls `url` again and again until `over` aborts. @returns the most milliseconds that the process computed before it answered. */
export const longestBlockMs = async (pid: number, url: string, over: AbortSignal): Promise<number> => {
  let longest = 0;
  while (!over.aborted) {
    const [from, start] = [await computedMs(pid), performance.now()];
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    await response.text();
    longest = Math.max(longest, Math.min(performance.now() - start, (await computedMs(pid)) - from));
  }
  return longest;
};
