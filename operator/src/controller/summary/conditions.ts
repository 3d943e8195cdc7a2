import type { Condition, ConditionType } from '@nodetask/shared';
import { boundedText } from '../../bounded-text.ts';
import type { Situation, Standing } from '../decision.ts';
import { isoTime } from '../run-context.ts';

/** `true` and `false` are the condition's status; what is not named is absent. */
type Shown = Partial<Record<ConditionType, boolean>>;

/**
 * What Flux, Helm and Argo CD judge by: kstatus reads Reconciling and Stalled before Ready, and takes Ready=False for "in progress".
 * Reconciling and Stalled are never both there.
 */
const table: Readonly<Record<Standing, Shown>> = {
  progressing: { Ready: false, Reconciling: true },
  ready: { Ready: true },
  complete: { Ready: true, Complete: true, Finished: true },
  failed: { Ready: false, Stalled: true, Failed: true, Finished: true },
  cancelled: { Ready: false, Stalled: true, Finished: true },
  stalled: { Ready: false, Stalled: true },
  suspended: { Ready: false, Suspended: true },
  dormant: { Ready: true, Suspended: true },
};

const order: readonly ConditionType[] = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Complete',
  'Failed',
  'Finished',
  'Suspended',
  'LastRunSucceeded',
];

/**
 * The conditions of a situation. lastTransitionTime stays while the status of a condition does.
 * @param now milliseconds since the epoch.
 */
export const conditionsFor = (
  situation: Situation,
  before: readonly Condition[],
  generation: number,
  now: number,
): Condition[] => {
  const shown = table[situation.standing];
  const { lastRun } = situation;
  return order.flatMap((type) => {
    const value = type === 'LastRunSucceeded' ? lastRunSucceeded(situation) : shown[type];
    if (value === undefined) return [];
    const text = type === 'LastRunSucceeded' && lastRun !== undefined ? lastRun : situation;
    const message = boundedText(text.message);
    const status = value ? 'True' : 'False';
    const old = before.find((condition) => condition.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : isoTime(now),
      reason: text.reason,
      message: isWhole(type) ? message : shortened(message, type),
    };
  });
};

const isWhole = (type: ConditionType): boolean => type === 'Ready' || type === 'LastRunSucceeded';

/** Flux and Helm print the message of these two; the others are there to be waited for. */
const isPrinted = (type: ConditionType): boolean => type === 'Reconciling' || type === 'Stalled';

const maxPrintedCharacters = 160;

/** A text stands whole in Ready, and once: whoever reads all conditions must not read it four times. */
const shortened = (message: string, type: ConditionType): string => {
  if (!isPrinted(type)) return 'see Ready';
  if (message.length <= maxPrintedCharacters) return message;
  return `${boundedText(message, maxPrintedCharacters)} (see Ready)`;
};

const lastRunSucceeded = ({ lastRun }: Situation): boolean | undefined =>
  lastRun === undefined ? undefined : lastRun.reason === 'RunSucceeded';
