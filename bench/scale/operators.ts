import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, ManagedProcess, mustRun, type ProcessCommand } from '@nodetask/testbed';
import { bundle, bundleFolder, nodeOptions } from '../../scripts/bundle.ts';
import { root } from '../../scripts/steps.ts';
import type { ScaleCluster } from './scale-cluster.ts';

/** Both operators work on as many NodeTasks at once. */
const concurrency = 16;
const startBudgetMs = 60_000;

export type OperatorName = 'nodetask' | 'go';

/** An operator that has filled its caches. */
export interface RunningOperator extends AsyncDisposable {
  readonly pid: number;
  /** From the start of the process to the moment at which its caches are complete and it works. */
  readonly startMs: number;
}

/** Builds what an image would hold. */
export const buildOperators = async (names: readonly OperatorName[]): Promise<void> => {
  if (names.includes('nodetask')) await bundle('operator');
  if (!names.includes('go')) return;
  await mkdir(join(goProgram(), '..'), { recursive: true });
  await mustRun('go', ['build', '-mod=readonly', '-buildvcs=false', '-ldflags=-s -w', '-o', goProgram()], {
    cwd: join(root, 'bench', 'go-operator'),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' },
    timeoutMs: 15 * 60_000,
  });
};

/** Beside what the testbed has built. */
const goProgram = (): string => join(homedir(), '.cache', 'nodetask', 'bench', 'go-operator');

const commands: Readonly<Record<OperatorName, (cluster: ScaleCluster, listen: string) => ProcessCommand>> = {
  nodetask: (cluster, listen) => ({
    program: process.execPath,
    args: [
      ...nodeOptions.operator,
      join(bundleFolder('operator'), 'main.js'),
      `--kubeconfig=${cluster.operatorKubeconfig}`,
      `--agent-token-file=${cluster.agentTokenFile}`,
      `--listen=${listen}`,
      `--concurrency=${String(concurrency)}`,
    ],
  }),
  go: (cluster, listen) => ({
    program: goProgram(),
    args: [
      `-kubeconfig=${cluster.operatorKubeconfig}`,
      `-agent-token-file=${cluster.agentTokenFile}`,
      `-lease-namespace=${cluster.operatorNamespace}`,
      `-listen=${listen}`,
      `-concurrency=${String(concurrency)}`,
    ],
  }),
};

let starts = 0;

export const startOperator = async (name: OperatorName, cluster: ScaleCluster): Promise<RunningOperator> => {
  const listen = `127.0.0.1:${String(await freePort())}`;
  starts += 1;
  const operator = new ManagedProcess({
    name: `operator ${name}`,
    logFile: join(cluster.controlPlane.folder, `operator-${String(starts)}-${name}.log`),
    command: () => commands[name](cluster, listen),
    ready: (signal) => untilReady(`http://${listen}/readyz`, signal),
  });
  const started = performance.now();
  await operator.start();
  return {
    pid: operator.pid,
    startMs: performance.now() - started,
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
    },
  };
};

/** Both answer 200 once their caches are complete. */
const untilReady = async (url: string, signal: AbortSignal): Promise<void> => {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(startBudgetMs)]);
  while (!(await isReady(url))) {
    deadline.throwIfAborted();
    await sleep(5);
  }
};

const isReady = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    // It does not listen yet; the wait has a budget.
    return false;
  }
};
