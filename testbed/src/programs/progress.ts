// Lines that tell a person who waits for minutes what is being made.

const EVERY_MS = 10_000;

export function logToStandardError(line: string): void {
  process.stderr.write(`testbed: ${line}\n`);
}

/** A line when the work begins, one every 10 s, and one when it is done. */
export async function withProgress(
  what: string,
  log: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  const begin = performance.now();
  const seconds = (): string => ((performance.now() - begin) / 1_000).toFixed(0);
  log(`${what} …`);
  const timer = setInterval(() => log(`${what} … ${seconds()} s`), EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  log(`${what}: done in ${seconds()} s`);
}
