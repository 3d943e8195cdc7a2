// What the demo writes to the terminal, and how.

export const print = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

export const heading = (text: string): void => {
  print();
  print(`── ${text} ${'─'.repeat(Math.max(0, 96 - text.length))}`);
};

/** Seconds since a time of performance.now(). */
export const secondsSince = (start: number): number => (performance.now() - start) / 1000;
