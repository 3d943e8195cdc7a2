#!/usr/bin/env node
import { createLogger, installShutdown, systemClock } from '@nodetask/runtime';
import { ConfigError, type OperatorConfig, readOperatorCommand } from './config.ts';
import { version } from './version.ts';

/** What the operating system sees of a wrong command line (as sysexits has it), and of everything else that failed. */
const exitCodes = { usage: 2, failed: 1 } as const;

const main = async (): Promise<number> => {
  const command = readOperatorCommand({
    argv: process.argv.slice(2),
    env: process.env,
    version,
    isTerminal: process.stdout.isTTY,
  });
  if ('run' in command) return run(command.run);
  process.stdout.write(command.print);
  return 0;
};

const run = async (config: OperatorConfig): Promise<number> => {
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
    return 0;
  } catch (error) {
    if (shutdown.signal.aborted && error === shutdown.signal.reason) return 0;
    logger.error('the operator cannot go on', { error });
    return exitCodes.failed;
  } finally {
    clearInterval(alive);
    await logger.close();
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof ConfigError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`nodetask-operator: ${text ?? ''}\n`);
  process.exitCode = error instanceof ConfigError ? exitCodes.usage : exitCodes.failed;
}
