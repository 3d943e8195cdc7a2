import { inspect } from 'node:util';
import { endLeanStart } from './lean-start.ts';
import { createLogger, installShutdown, systemClock } from '@nodetask/runtime';
import { TaskError } from '@nodetask/shared';
import { type AgentConfig, ConfigError, readAgentCommand } from './config.ts';
import { version } from './version.ts';

/** What the operating system sees of a wrong command line (as commander and sysexits have it), and of a start that failed. */
const exitCodes = { usage: 2, failed: 1 } as const;

const start = async (): Promise<number> => {
  const command = readAgentCommand({
    argv: process.argv.slice(2),
    env: process.env,
    version,
    isTerminal: process.stdout.isTTY,
  });
  if ('run' in command) return run(command.run);
  process.stdout.write(command.print);
  return 0;
};

const run = async (config: AgentConfig): Promise<number> => {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, fields: podFields(config) });
  using shutdown = installShutdown({ logger, clock: systemClock, graceMs: config.graceMs });
  try {
    // After the command line: --help needs none of it.
    const { runAgent } = await import('./agent.ts');
    await runAgent(config, {
      logger,
      clock: systemClock,
      random: Math.random,
      signal: shutdown.signal,
      onRun: endLeanStart,
    });
    return 0;
  } catch (error) {
    if (!isForPeople(error)) logger.error('the agent cannot go on', { error });
    throw error;
  } finally {
    await logger.close();
  }
};

const podFields = ({ podName, namespace }: AgentConfig): Readonly<Record<string, unknown>> => ({
  ...(namespace === undefined ? {} : { namespace }),
  ...(podName === undefined ? {} : { pod: podName }),
});

/** Errors whose message says all that helps: a stack would hide it. */
const isForPeople = (error: unknown): error is Error =>
  error instanceof TaskError ||
  (error instanceof Error && ['ConfigError', 'TokenFileError', 'StateFolderError', 'ListenError'].includes(error.name));

/** The whole program; resolves with the exit code. */
export const main = async (): Promise<number> => {
  try {
    return await start();
  } catch (error) {
    const text = isForPeople(error) ? error.message : inspect(error);
    process.stderr.write(`nodetask-agent: ${text}\n`);
    return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed;
  }
};
