import { createLogger, installShutdown, systemClock } from '@nodetask/runtime';
import { runProgram } from '@nodetask/runtime/command-line';
import { TaskError } from '@nodetask/shared';
import { type AgentConfig, readAgentCommand } from './config.ts';
import { endLeanStart } from './lean-start.ts';
import { seictlVariables } from './seictl-variables.ts';
import { version } from './version.ts';

const run = async (config: AgentConfig): Promise<void> => {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat, fields: podFields(config) });
  using shutdown = installShutdown({ logger, clock: systemClock, graceMs: config.graceMs });
  const ofSeictl = seictlVariables(process.env);
  if (ofSeictl !== undefined) {
    logger.warn(
      'variables of seictl are set, which this agent does not read: see docs/coming-from-seictl.md',
      ofSeictl,
    );
  }
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
  } catch (error) {
    if (!(error instanceof Error && isForPeople(error))) logger.error('the agent cannot go on', { error });
    throw error;
  } finally {
    await logger.close();
  }
};

const podFields = ({ podName, namespace }: AgentConfig): Readonly<Record<string, unknown>> => ({
  ...(namespace === undefined ? {} : { namespace }),
  ...(podName === undefined ? {} : { pod: podName }),
});

const isForPeople = (error: Error): boolean =>
  error instanceof TaskError ||
  ['TokenFileError', 'IdentityFileError', 'StateFolderError', 'ListenError'].includes(error.name);

/** The whole program; resolves with the exit code. */
export const main = (): Promise<number> =>
  runProgram({ name: 'nodetask-agent', version, read: readAgentCommand, run, isForPeople });
