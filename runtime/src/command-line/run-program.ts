import { inspect } from 'node:util';
import { ConfigError } from './config-error.ts';
import type { CommandLineSources, ProgramCommand } from './read-command-line.ts';

/** What the operating system sees of a wrong command line (as commander and sysexits have it), and of everything else that failed. */
const exitCodes = { usage: 2, failed: 1 } as const;

export interface Program<Config> {
  readonly name: string;
  readonly version: string;
  /** @throws ConfigError */
  readonly read: (sources: CommandLineSources) => ProgramCommand<Config>;
  /** Does the work; what it throws ends the program with 1. */
  readonly run: (config: Config) => Promise<void>;
  /** Whether the message of an error says all that helps; a stack would hide it. */
  readonly isForPeople?: (error: Error) => boolean;
}

/** A whole program, from its command line to its exit code; what fails is told on stderr. */
export const runProgram = async <Config>({
  name,
  version,
  read,
  run,
  isForPeople,
}: Program<Config>): Promise<number> => {
  try {
    const command = read({
      argv: process.argv.slice(2),
      env: process.env,
      version,
      isTerminal: process.stdout.isTTY,
    });
    if ('run' in command) await run(command.run);
    else process.stdout.write(command.print);
    return 0;
  } catch (error) {
    const isPlain = error instanceof ConfigError || (error instanceof Error && isForPeople?.(error) === true);
    process.stderr.write(`${name}: ${isPlain ? error.message : inspect(error)}\n`);
    return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed;
  }
};
