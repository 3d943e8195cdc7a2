import { type Outcome } from '@nodetask/shared';
import { plural, shortList } from '../../bounded-text.ts';
import type { DecidedTarget } from './rows.ts';

/**
 * How a task ended that has succeeded on all its targets: "succeeded on sei-0: p2p.seeds removed", "succeeded on 3 targets (unchanged: config.toml
 * says already what the params ask for)"; "succeeded on 3 targets (2 changed, 1 unchanged)" where they do not all say the same.
 */
export const successText = (targets: readonly DecidedTarget[]): string => {
  const [first] = targets;
  if (first === undefined) return 'succeeded';
  const head = `succeeded on ${targets.length === 1 ? first.view.pod : plural(targets.length, 'target')}`;
  const text = first.verdict.message;
  if (targets.every(({ verdict }) => verdict.message === text)) return `${head}${tail(first, text)}`;
  const warned = targets.filter(({ verdict }) => verdict.reason === 'WithWarnings');
  const skipped = targets.filter(
    ({ view, verdict }) => isOf(view, 'skipped') && !warned.some((one) => one.verdict === verdict),
  );
  return [
    head,
    counts(targets),
    ...(warned.length === 0 ? [] : [`, ${warned.length} of them with a warning: ${each(warned)}`]),
    ...(skipped.length === 0 ? [] : [`, ${skipped.length} of them skipped: ${each(skipped)}`]),
  ].join('');
};

/** What was done stands behind a colon; that nothing was, in parentheses. */
const tail = ({ view }: DecidedTarget, text: string): string => {
  if (text === '') return '';
  return isOf(view, 'changed') && text !== 'changed' ? `: ${text}` : ` (${text})`;
};

/** Only if all have an outcome: a sum of some would be read as one of all. */
const counts = (targets: readonly DecidedTarget[]): string => {
  const kinds = (['changed', 'unchanged', 'skipped'] as const).map((outcome) => ({
    outcome,
    count: targets.filter(({ view }) => isOf(view, outcome)).length,
  }));
  const known = kinds.reduce((sum, { count }) => sum + count, 0);
  const parts = kinds.flatMap(({ outcome, count }) => (count === 0 ? [] : [`${count} ${outcome}`]));
  return known < targets.length ? '' : ` (${parts.join(', ')})`;
};

const isOf = ({ result }: DecidedTarget['view'], outcome: Outcome): boolean => result?.outcome === outcome;

const each = (targets: readonly DecidedTarget[]): string =>
  shortList(targets.map(({ view, verdict }) => `${view.pod}: ${verdict.message.replace(/^skipped: /, '')}`));
