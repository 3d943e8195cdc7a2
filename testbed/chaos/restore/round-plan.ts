// What befalls each round of snapshot, upload and restore: drawn from a seed before the first one begins.
import { below, shuffled } from '../random.ts';

/** When a fault strikes: once so many more bytes have gone to or from the store, or when a name appears in the target's data folder. */
export type Moment = { readonly bytes: number } | { readonly entry: string };

export interface RoundFault {
  readonly kind: 'agent killed' | 'operator killed' | 'connection cut' | 'store busy';
  readonly at: Moment;
  /** How long what was killed stays down, in milliseconds. */
  readonly forMs: number;
  /** How many requests in a row the busy store refuses. */
  readonly requests: number;
}

export interface LastingFault {
  readonly cause: 'archive damaged' | 'store refuses' | 'store stays down';
  /** Of the archive: so many have come when the store begins with it, or so many precede the damage. */
  readonly afterBytes: number;
}

export interface Round {
  readonly number: number;
  /** The source's node is killed while it takes a snapshot, so many milliseconds after it has begun; absent: it is not. */
  readonly torsoAfterMs?: number;
  readonly upload: readonly RoundFault[];
  readonly restore: readonly RoundFault[];
  /** What makes the restore impossible for good; absent: nothing. */
  readonly lasting?: LastingFault;
  /** The target has snapshots of an earlier time. */
  readonly olderSnapshots: boolean;
  /** What makes the node's state is killed between its two commands, and runs again. */
  readonly stateByHalf: boolean;
  /** The restored node is killed so many blocks after its first one; absent: it is not. */
  readonly killedAfterBlocks?: number;
}

type Kind = Pick<RoundFault, 'kind'> & { readonly entries?: readonly string[] };

const uploadKinds: readonly Kind[] = [
  { kind: 'agent killed' },
  { kind: 'operator killed' },
  { kind: 'connection cut' },
  { kind: 'store busy' },
];

/** In the order in which a restore makes them. */
const exchangeEntries = [
  '.restore-new',
  '.restore-commit.json',
  '.restore-old',
  'snapshots',
  '.nodetask-snapshot-restore.json',
];

const restoreKinds: readonly Kind[] = [...uploadKinds, { kind: 'agent killed', entries: exchangeEntries }];

/**
 * Those of `npm test` do without a store that stays down, which an agent gives up after most of a minute, and without a task whose agent is killed
 * twice, which fails: all that are not made impossible end with a node that follows.
 */
const quickRounds = 3;

/** Less than an archive has, so that each fault strikes while there is work. */
const mostBytes = 1_500_000;

/**
 * Of each three rounds one leaves a torso, one can never succeed and two have older snapshots; each kind of fault comes in turn. `random` decides
 * which round gets what, and when it strikes.
 */
export const planRounds = (count: number, random: () => number): readonly Round[] => {
  const uploads = deck(uploadKinds, random);
  const restores = deck(restoreKinds, random);
  const torsos = deck([true, false, false], random);
  const lasting = deck([true, false, false], random);
  const older = deck([true, true, false], random);
  const byHalf = deck([true, false], random);
  const killed = deck([true, false], random);
  const quickCauses = deck(['archive damaged', 'store refuses'] as const, random);
  const causes = deck(['archive damaged', 'store refuses', 'store stays down'] as const, random);
  const faults = (from: () => Kind): readonly RoundFault[] =>
    Array.from({ length: 1 + below(2, random) }, () => toFault(from(), random));
  return Array.from({ length: count }, (_, index): Round => {
    const isLasting = lasting();
    const quick = index < quickRounds;
    return {
      number: index + 1,
      ...(torsos() ? { torsoAfterMs: below(10, random) } : {}),
      upload: quick ? distinct(faults(uploads)) : faults(uploads),
      restore: quick ? distinct(faults(restores)) : faults(restores),
      ...(isLasting
        ? { lasting: { cause: quick ? quickCauses() : causes(), afterBytes: below(mostBytes, random) } }
        : {}),
      // A restore that fails must have something to leave as it is.
      olderSnapshots: older() || isLasting,
      stateByHalf: byHalf(),
      ...(killed() ? { killedAfterBlocks: below(15, random) } : {}),
    };
  });
};

const distinct = (faults: readonly RoundFault[]): readonly RoundFault[] => [
  ...new Map(faults.map((fault) => [fault.kind, fault])).values(),
];

/** Deals all items in an order of chance, then all of them again in another. */
const deck = <T>(items: readonly T[], random: () => number): (() => T) => {
  let left: T[] = [];
  return () => {
    if (left.length === 0) left = shuffled(items, random);
    return left.pop() as T;
  };
};

const toFault = ({ kind, entries }: Kind, random: () => number): RoundFault => ({
  kind,
  at:
    entries === undefined
      ? { bytes: below(mostBytes, random) }
      : { entry: entries[below(entries.length, random)] as string },
  forMs: below(300, random),
  requests: 1 + below(2, random),
});

/** "round 2: a torso after 20 ms; upload: agent killed after 300000 bytes; …", for the log. */
export const describeRound = (round: Round): string =>
  [
    ...(round.torsoAfterMs === undefined ? [] : [`source killed ${round.torsoAfterMs} ms into a snapshot`]),
    `upload: ${round.upload.map(describeFault).join(', ')}`,
    `restore${round.olderSnapshots ? ' over older snapshots' : ''}: ${round.restore.map(describeFault).join(', ')}`,
    ...(round.lasting === undefined ? [] : [`${round.lasting.cause} after ${round.lasting.afterBytes} bytes`]),
    ...(round.stateByHalf ? ['state made by half'] : []),
    ...(round.killedAfterBlocks === undefined ? [] : [`restored node killed after ${round.killedAfterBlocks} blocks`]),
  ].join('; ');

export const describeFault = ({ kind, at, requests }: RoundFault): string =>
  `${kind}${kind === 'store busy' ? ` for ${requests} requests` : ''} ${'bytes' in at ? `after ${at.bytes} bytes` : `at ${at.entry}`}`;
