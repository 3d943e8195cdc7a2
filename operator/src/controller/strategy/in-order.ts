import type { NodeTaskSpec } from '@nodetask/shared';

type Order = NonNullable<NodeTaskSpec['strategy']>['order'];

/** Pods in the order in which their turns come. */
export const inOrder = (pods: readonly string[], order: Order): readonly string[] => {
  const byName = pods.toSorted(compare);
  switch (order) {
    case 'Name':
      return byName;
    case 'Ordinal':
      return byName
        .map(ordinalName)
        .toSorted(compareOrdinals)
        .map(({ pod }) => pod);
    default:
      return order satisfies never;
  }
};

interface OrdinalName {
  readonly pod: string;
  readonly set: string;
  readonly ordinal: number;
}

/** A pod of a StatefulSet is named after the set and its ordinal: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#ordinal-index */
const ordinalName = (pod: string): OrdinalName => {
  const [, set, digits] = /^(.+)-(\d+)$/.exec(pod) ?? [];
  return set === undefined ? { pod, set: pod, ordinal: -1 } : { pod, set, ordinal: Number(digits) };
};

const compareOrdinals = (a: OrdinalName, b: OrdinalName): number => compare(a.set, b.set) || a.ordinal - b.ordinal;

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
