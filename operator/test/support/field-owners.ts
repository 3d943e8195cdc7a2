import { createHash } from 'node:crypto';
import { agentFieldManager, type NodeTask } from '@nodetask/shared';

interface ManagedFields {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1: Readonly<Record<string, unknown>>;
}

const managedFields = (nodeTask: NodeTask): readonly ManagedFields[] =>
  (nodeTask.metadata as { readonly managedFields?: readonly ManagedFields[] }).managedFields ?? [];

/** Names of all who own a field. */
export const managersOf = (nodeTask: NodeTask): ReadonlySet<string> =>
  new Set(managedFields(nodeTask).map(({ manager }) => manager));

/**
 * Paths of the fields that a manager owns below `root` (`spec`, `metadata`, `status`), for instance `targets[pod=sei-0].result`;
 * leaves only.
 */
export const ownedBy = (nodeTask: NodeTask, manager: string, root: string): readonly string[] =>
  managedFields(nodeTask)
    .filter((entry) => entry.manager === manager && `f:${root}` in entry.fieldsV1)
    .flatMap(({ fieldsV1 }) => leaves(fieldsV1[`f:${root}`]))
    .sort((a, b) => (a < b ? -1 : 1));

const leaves = (fields: unknown, path = ''): readonly string[] => {
  const members = Object.entries((fields ?? {}) as Record<string, unknown>).filter(([key]) => key !== '.');
  if (members.length === 0) return [path];
  return members.flatMap(([key, value]) => {
    if (key.startsWith('f:')) return leaves(value, path === '' ? key.slice(2) : `${path}.${key.slice(2)}`);
    // v:"x" is a member of a set, k:{"pod":"x"} an item of a list by its key.
    if (key.startsWith('v:')) return [`${path}[${key.slice(2)}]`];
    const [name, id] = Object.entries(JSON.parse(key.slice(2)) as Record<string, string>)[0] ?? ['', ''];
    return leaves(value, `${path}[${name}=${id}]`);
  });
};

/** The field manager of the agent of a pod. */
export const managerOf = (pod: string): string => agentFieldManager(createHash('sha256').update(pod).digest('hex'));
