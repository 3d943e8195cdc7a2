import { maxTargetTextCharacters, middleCut, type NodeTask, type NodeTaskStatus } from '@nodetask/shared';
import type { DecidedTarget } from './rows.ts';

/** The pod, or the labels, that spec.target names, as short as a column is. */
export const targetColumn = ({ target }: NodeTask['spec']): Pick<NodeTaskStatus, 'target'> => {
  const { podName, selector } = target;
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${shortKey(key)}=${value}`);
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator }) => `${shortKey(key)} ${operator}`);
  return { target: middleCut(podName ?? [...labels, ...expressions].join(','), maxTargetTextCharacters) };
};

/** "app.kubernetes.io/name" says no more than "name" where there is room for eleven characters. */
const shortKey = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** Percent of the one target that runs, where it is known; else the summary. */
export const progressColumn = (targets: readonly DecidedTarget[], summary: string): string => {
  const [only] = targets;
  const percent =
    targets.length === 1 && only?.verdict.state === 'running' ? only.view.result?.progress?.percent : undefined;
  return percent === undefined ? summary : `${String(Math.floor(percent))} %`;
};
