// What operator, agents and API server hold: watches, timers, sockets, files. After the run it must be what it was before.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KubeClient } from '../../src/kube/kube-client.ts';
import type { ManagedProcess } from '../../src/process/managed-process.ts';
import { waitFor, WaitTimeoutError } from '../../src/wait.ts';
import { persistently } from '../persistently.ts';

/** By name (`operator: Timeout`, `watches of nodetasks`): how many there are, and where each was made as far as that is known. */
export type Holdings = ReadonlyMap<string, { readonly count: number; readonly origins: readonly string[] }>;

export interface HoldingsOptions {
  readonly folder: string;
  readonly processes: readonly ManagedProcess[];
  readonly admin: KubeClient;
}

const answerMs = 30_000;

/** What only the program itself makes: not a matter of how many connections are kept. */
const own = /: own Timeout$|^watches of /;

/** What loads the probe into a process, for its environment. */
export const probeEnvironment = (folder: string, name: string): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'probe.ts')).href}`,
  NODETASK_CHAOS_PROBE: join(folder, name),
});

export const countHoldings = async ({ folder, processes, admin }: HoldingsOptions): Promise<Holdings> => {
  const counted = await Promise.all(processes.map(async (process) => countOf(folder, process)));
  const holdings = new Map(counted.flatMap((one) => [...one]));
  const metrics = String((await persistently(async () => admin.raw({ method: 'GET', path: '/metrics' }))).body);
  for (const resource of ['nodetasks', 'pods'])
    holdings.set(`watches of ${resource}`, { count: watchesOf(metrics, resource), origins: [] });
  return holdings;
};

export interface LettingGo {
  /** How many more things of connections (sockets, files, timers of libraries) a process may hold: kept connections take a minute to end. */
  readonly kept: number;
  readonly timeoutMs: number;
  /** Between two counts (default 2 s). */
  readonly intervalMs?: number;
  readonly log: (line: string) => void;
}

/**
 * Counts again and again until everything was seen once at what it was before, or below: a probe that is answered in the moment of a count
 * is none of the next, and what leaked stays.
 * @returns what was above each time, when the time is over.
 */
export const awaitHoldings = async (
  before: Holdings,
  count: () => Promise<Holdings>,
  { kept, timeoutMs, intervalMs = 2_000, log }: LettingGo,
): Promise<readonly string[]> => {
  const aboveIn = (now: Holdings): ReadonlyMap<string, string> =>
    new Map(
      [...now].flatMap(([what, { count: number, origins }]) => {
        const was = before.get(what)?.count ?? 0;
        return number > was + (own.test(what) ? 0 : kept)
          ? [[what, `${what}: ${number} instead of ${was}; ${origins.join('; ')}`] as const]
          : [];
      }),
    );
  let above: ReadonlyMap<string, string> | undefined;
  const probe = async (): Promise<boolean> => {
    const now = aboveIn(await count());
    const last: ReadonlyMap<string, string> = above ?? now;
    above = new Map([...now].filter(([what]) => last.has(what)));
    const [first] = above.values();
    if (first !== undefined) log(`${above.size} kinds of things to be let go: ${first.split(';')[0] ?? ''}`);
    return above.size === 0;
  };
  try {
    await waitFor(probe, { what: 'all timers, sockets and watches to be let go', timeoutMs, intervalMs });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
  }
  return [...(above ?? new Map<string, string>()).values()];
};

const countOf = async (folder: string, process: ManagedProcess): Promise<Holdings> => {
  const { pid } = process;
  const found = async (): Promise<string | undefined> => {
    const file = (await readdir(folder)).find((name) => name.endsWith(`.${pid}`));
    return file === undefined ? undefined : join(folder, file);
  };
  process.signal('SIGUSR2');
  const file = await waitFor(found, {
    what: `${process.name} to count what it holds`,
    timeoutMs: answerMs,
    intervalMs: 10,
  });
  const living = JSON.parse(await readFile(file, 'utf8')) as readonly string[];
  await rm(file);
  const byType = Map.groupBy(living, typeOf);
  const files = await readdir(`/proc/${pid}/fd`);
  return new Map([
    ...[...byType].map(([type, origins]) => [`${process.name}: ${type}`, { count: origins.length, origins }] as const),
    [`${process.name}: open file`, { count: files.length, origins: [] }],
  ]);
};

const typeOf = (one: string): string => {
  const type = one.slice(0, one.indexOf(' '));
  if (type !== 'Timeout') return type;
  return one.includes('/node_modules/') || one.endsWith(' of Node.js itself') ? 'Timeout of a library' : 'own Timeout';
};

/** apiserver_longrunning_requests{…,resource="nodetasks",…,verb="WATCH",…} 3 */
const watchesOf = (metrics: string, resource: string): number =>
  metrics
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('apiserver_longrunning_requests{') &&
        line.includes('verb="WATCH"') &&
        line.includes(`resource="${resource}"`),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
