#!/usr/bin/env node
import { createLogger, installShutdown, systemClock } from '@nodetask/runtime';
import { runProgram } from '@nodetask/runtime/command-line';
import { type OperatorConfig, readOperatorCommand } from './config.ts';
import { LeadershipLostError } from './kube/leadership-lost-error.ts';
import { version } from './version.ts';

const run = async (config: OperatorConfig): Promise<void> => {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  using shutdown = installShutdown({ logger, clock: systemClock, graceMs: config.graceMs });
  // The clock's timers keep no process alive, and between two of them there may be nothing else that does.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    // After the command line: --help needs none of it, and it takes its time to load.
    const [{ runOperator }, { loadKubeConfig }] = await Promise.all([
      import('./operator.ts'),
      import('./kube/load-kube-config.ts'),
    ]);
    const { kubeconfig } = config;
    await runOperator(config, {
      access: await loadKubeConfig(kubeconfig === undefined ? {} : { kubeconfig }),
      clock: systemClock,
      random: Math.random,
      logger,
      signal: shutdown.signal,
    });
  } catch (error) {
    if (shutdown.signal.aborted && error === shutdown.signal.reason) return;
    // Another one leads: it is no fault of this program, and a stack says nothing.
    if (error instanceof LeadershipLostError) logger.warn('the operator ends, to start anew', { why: error.message });
    else logger.error('the operator cannot go on', { error });
    throw error;
  } finally {
    clearInterval(alive);
    await logger.close();
  }
};

process.exitCode = await runProgram({
  name: 'nodetask-operator',
  version,
  read: readOperatorCommand,
  run,
  isForPeople: (error) => error instanceof LeadershipLostError,
});
