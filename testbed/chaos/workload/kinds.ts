// The kinds of tasks of a chaos run. Each task changes something of its own, so that afterwards the node's files tell which took effect.
import { below } from '../random.ts';
import { chaosTable, type ChaosTask, type EndPhase } from './chaos-task.ts';

/** The world in which tasks are made. */
export interface Surroundings {
  readonly pods: readonly string[];
  /** Groups of pods that one selector finds. */
  readonly groups: readonly { readonly label: Readonly<Record<string, string>>; readonly pods: readonly string[] }[];
  readonly random: () => number;
  /** RPC of a node that gives its genesis, of one that takes calls and says nothing, and of one that is not there. */
  readonly rpc: { readonly healthy: string; readonly silent: string; readonly absent: string };
  /** A block that the chain has not reached yet. */
  readonly nextHeight: number;
  /** Params of result-export that lead to an object store. */
  readonly store: Readonly<Record<string, unknown>>;
  /** Earlier tasks by how they end. */
  readonly earlier: Readonly<Record<'Succeeded' | 'Failed', readonly string[]>>;
}

type Draft = Omit<ChaosTask, 'name' | 'kind'>;
type MakeTask = (number: number, around: Surroundings) => Draft;

const once = { exactly: 1 } as const;

const onOne = (
  { pods, random }: Surroundings,
  expect: EndPhase,
  spec: Readonly<Record<string, unknown>>,
  more: Partial<Draft> = {},
): Draft => {
  const pod = pods[below(pods.length, random)] ?? '';
  return { pods: [pod], spec: { target: { podName: pod }, ...spec }, expect, attempts: once, ...more };
};

const patch = (number: number) => {
  const key = `task_${number}`;
  return {
    spec: { type: 'config-patch', params: { files: { 'config.toml': { [chaosTable]: { [key]: number } } } } },
    leaves: { key, value: number },
  } as const;
};

/** These homes have no client.toml. */
const impossible = { type: 'config-patch', params: { remove: { 'client.toml': ['node'] } } };
const fetchFrom = (rpc: string): Record<string, unknown> => ({ type: 'configure-genesis', params: { rpc } });
const soon = (random: () => number): number => Math.round(random() * 3_000);

/** By name, with how often they come in a hundred. */
export const kinds: Readonly<Record<string, { readonly share: number; readonly make: MakeTask }>> = {
  patch: {
    share: 38,
    make: (number, around) => {
      const { spec, leaves } = patch(number);
      return onOne(around, 'Succeeded', spec, { leaves });
    },
  },
  rollout: {
    share: 8,
    make: (number, { groups, random }) => {
      const group = groups[below(groups.length, random)];
      if (group === undefined) throw new Error('there are no groups of pods');
      const { spec, leaves } = patch(number);
      const strategy = [{ maxParallel: 1, order: 'Ordinal' }, { maxParallel: 2 }, { maxParallel: '100%' }][number % 3];
      const target = { selector: { matchLabels: group.label } };
      return { pods: group.pods, spec: { ...spec, target, strategy }, expect: 'Succeeded', attempts: once, leaves };
    },
  },
  'rollout that fails': {
    share: 3,
    make: (_, { groups, random }) => {
      const group = groups[below(groups.length, random)];
      if (group === undefined) throw new Error('there are no groups of pods');
      const target = { selector: { matchLabels: group.label } };
      const strategy = { maxParallel: '50%', onFailure: 'Continue' };
      return { pods: group.pods, spec: { ...impossible, target, strategy }, expect: 'Failed', attempts: once };
    },
  },
  failing: { share: 7, make: (_, around) => onOne(around, 'Failed', impossible) },
  'mark-ready': { share: 6, make: (_, around) => onOne(around, 'Succeeded', { type: 'mark-ready' }) },
  validate: { share: 3, make: (_, around) => onOne(around, 'Succeeded', { type: 'config-validate' }) },
  genesis: { share: 4, make: (_, around) => onOne(around, 'Succeeded', fetchFrom(around.rpc.healthy)) },
  retried: {
    share: 5,
    make: (_, around) => {
      const retry = { limit: 2, backoffSeconds: 1, maxBackoffSeconds: 2 };
      return onOne(around, 'Failed', { ...fetchFrom(around.rpc.absent), retry }, { attempts: { exactly: 3 } });
    },
  },
  'timed out': {
    share: 3,
    make: (_, around) => onOne(around, 'Failed', { ...fetchFrom(around.rpc.silent), timeoutSeconds: 1 }),
  },
  dependent: {
    share: 6,
    make: (number, around) => {
      const { spec, leaves } = patch(number);
      const dependsOn = around.earlier.Succeeded.slice(-2);
      return onOne(around, 'Succeeded', { ...spec, dependsOn }, { leaves });
    },
  },
  'dependent on a failure': {
    share: 2,
    make: (number, around) => {
      const dependsOn = around.earlier.Failed.slice(-1);
      const { spec, leaves } = patch(number);
      return dependsOn.length === 0
        ? onOne(around, 'Succeeded', spec, { leaves })
        : onOne(around, 'Failed', { ...spec, dependsOn }, { attempts: { exactly: 0 } });
    },
  },
  cancelled: {
    share: 4,
    make: (_, around) =>
      onOne(around, 'Cancelled', fetchFrom(around.rpc.silent), {
        change: { kind: 'cancel', afterMs: soon(around.random) },
        attempts: { atMost: 1 },
      }),
  },
  suspended: {
    share: 4,
    make: (number, around) => {
      const { spec, leaves } = patch(number);
      const change = { kind: 'resume', afterMs: soon(around.random) } as const;
      return onOne(around, 'Succeeded', { ...spec, suspend: true }, { change, leaves });
    },
  },
  deleted: {
    share: 4,
    make: (number, around) =>
      onOne(around, 'gone', number % 2 === 0 ? patch(number).spec : fetchFrom(around.rpc.silent), {
        change: { kind: 'delete', afterMs: soon(around.random) },
        attempts: { atMost: 1 },
      }),
  },
  cron: {
    share: 1,
    make: (_, around) => {
      const async = { schedule: { cron: '* * * * *' } };
      return onOne(around, 'Scheduled', { type: 'mark-ready', async }, { attempts: { atMost: 0 } });
    },
  },
  height: {
    share: 1,
    make: (_, around) => {
      const async = { schedule: { blockHeight: around.nextHeight } };
      return onOne(around, 'Succeeded', { type: 'mark-ready', async });
    },
  },
  'daemon that ends': {
    share: 1,
    make: (_, around) => {
      // Its first page finds no bucket, and it is not started again.
      const params = { ...around.store, bucket: 'no-such-bucket', pageSize: 1 };
      const async = { daemon: { restartPolicy: 'Never' } };
      return onOne(around, 'Failed', { type: 'result-export', params, async });
    },
  },
};

/** Follows the chain for ever. Few: its object store client takes memory. */
export const exporter = (number: number, around: Surroundings): Draft => {
  const params = { ...around.store, prefix: `export-${number}/`, pageSize: 50 };
  const async = { daemon: { restartPolicy: 'OnFailure' } };
  return onOne(around, 'Running', { type: 'result-export', params, async }, { attempts: { exactly: 0 } });
};
