// Which faults befall what, for how long and at which moment: drawn from a seed before the run begins.
import { below, shuffled } from '../random.ts';

/** Kinds of what faults befall; of agents and of the links to them there are several. */
export type SubjectKind =
  'operator' | 'agent' | 'API server' | 'operator–API server' | 'agents–API server' | 'operator–agent';

export type FaultKind = 'kill' | 'stall' | 'reset' | 'delay' | 'refuse';

export interface Fault {
  readonly subject: SubjectKind;
  readonly kind: FaultKind;
  /** Which of the agents, for `agent` and `operator–agent`; else 0. */
  readonly agent: number;
  /** How long it lasts; a killed process is started again after so long. */
  readonly forMs: number;
  /** How long the hand that does it waits before. */
  readonly afterMs: number;
  /** Only for `kill` of an agent: at the very moment of its next effect, to fall between effect and commit. */
  readonly atEffect: boolean;
}

interface Share {
  readonly subject: SubjectKind;
  readonly kind: FaultKind;
  readonly weight: number;
  readonly longestMs: number;
  /** What the process knew is lost. */
  readonly deadly?: true;
}

const shares: readonly Share[] = [
  { subject: 'operator', kind: 'kill', weight: 6, longestMs: 300, deadly: true },
  { subject: 'agent', kind: 'kill', weight: 20, longestMs: 300, deadly: true },
  { subject: 'operator', kind: 'stall', weight: 3, longestMs: 2_000 },
  { subject: 'agent', kind: 'stall', weight: 6, longestMs: 3_000 },
  { subject: 'API server', kind: 'kill', weight: 1, longestMs: 1_500 },
  { subject: 'API server', kind: 'stall', weight: 1, longestMs: 2_000 },
  ...(['operator–API server', 'agents–API server', 'operator–agent'] as const).flatMap((subject): Share[] => [
    { subject, kind: 'reset', weight: 3, longestMs: 0 },
    { subject, kind: 'stall', weight: 2, longestMs: 3_000 },
    { subject, kind: 'delay', weight: 2, longestMs: 3_000 },
    { subject, kind: 'refuse', weight: 2, longestMs: 2_000 },
  ]),
];

export interface FaultPlanOptions {
  readonly random: () => number;
  readonly agents: number;
  /** Faults of all kinds, each kind at least once. */
  readonly mixed: number;
  /** After them: faults that operator and agents live through, so that what one of them leaves behind adds up in a process. */
  readonly survived: number;
  /** The longest pause of a hand before a fault, in milliseconds. */
  readonly longestPauseMs: number;
}

export const planFaults = (options: FaultPlanOptions): readonly Fault[] => {
  const { random, mixed, survived } = options;
  if (mixed < shares.length) throw new RangeError(`${mixed} faults are fewer than the ${shares.length} kinds`);
  const draw = (from: readonly Share[], count: number): Share[] =>
    Array.from({ length: count }, () => weighted(from, random));
  const first = [...shares, ...draw(shares, mixed - shares.length)];
  const then = draw(
    shares.filter(({ deadly }) => deadly !== true),
    survived,
  );
  return [...shuffled(first, random), ...then].map((share) => toFault(share, options));
};

const toFault = ({ subject, kind, longestMs }: Share, { random, agents, longestPauseMs }: FaultPlanOptions): Fault => ({
  subject,
  kind,
  agent: subject === 'agent' || subject === 'operator–agent' ? below(agents, random) : 0,
  forMs: Math.round(random() * longestMs),
  afterMs: Math.round(random() * longestPauseMs),
  atEffect: subject === 'agent' && kind === 'kill' && random() < 0.5,
});

const weighted = (from: readonly Share[], random: () => number): Share => {
  let left = random() * from.reduce((sum, { weight }) => sum + weight, 0);
  for (const share of from) {
    left -= share.weight;
    if (left < 0) return share;
  }
  throw new RangeError('random() must be below 1');
};

/** "kill agent 3 for 120 ms". */
export const describeFault = ({ subject, kind, agent, forMs, atEffect }: Fault): string =>
  [
    kind,
    subject === 'agent' || subject === 'operator–agent' ? `${subject} ${agent}` : subject,
    ...(forMs === 0 ? [] : [`for ${forMs} ms`]),
    ...(atEffect ? ['at its next effect'] : []),
  ].join(' ');
