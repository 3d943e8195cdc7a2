import type { NodeTask } from '@nodetask/shared';
import { WaitTimeoutError } from '../../src/wait.ts';
import type { ToldByStatus } from './graded-mistakes.ts';
import { namespace as watched, type World } from './graded-world.ts';

/** What `kubectl get nodetask` and the message of Ready tell; with placeholders for what each run has of its own. */
export type Told = Pick<ToldByStatus, 'line' | 'reason' | 'says'>;

/** With placeholders for times, addresses on loopback, folders, free space and what a list leaves out. */
export const withPlaceholders = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC/g, 'TIME')
    .replaceAll(/127\.\d+\.\d+\.\d+(?::\d+)?/g, 'ADDRESS')
    .replaceAll(/\/[\w/.-]+\/homes\/sei\/[\w-]+/g, 'HOME')
    .replaceAll(/ and \d+ more/g, ' and N more')
    .replaceAll(/\(for \d+ s\)/g, '(for N s)')
    .replaceAll(/\d[\d.]* \w+ free, of which \d[\d.]* \w+/g, 'N free, of which N');

const readyOf = (nodeTask: NodeTask | undefined) => nodeTask?.status?.conditions?.find(({ type }) => type === 'Ready');

/** What the NodeTask tells once it tells what it should; or what it tells when the time is over. */
export const toldBy = async (
  { cluster }: World,
  { name, namespace = watched, reason, says }: ToldByStatus,
  timeoutMs: number,
): Promise<Told> => {
  const isTold = (nodeTask: NodeTask | undefined): boolean => {
    const ready = readyOf(nodeTask);
    return ready?.reason === reason && withPlaceholders(ready.message) === says;
  };
  try {
    await cluster.untilNodeTask<NodeTask>(name, isTold, { what: `${name} to tell`, timeoutMs, namespace });
  } catch (error) {
    if (!(error instanceof WaitTimeoutError)) throw error;
  }
  const nodeTask = await cluster.admin.get<NodeTask>(
    `/apis/nodetask.dev/v1alpha1/namespaces/${namespace}/nodetasks/${name}`,
  );
  const { stdout } = await cluster.controlPlane.kubectl(['get', 'nodetask', name, '-n', namespace, '--no-headers']);
  const [, ...cells] = stdout.trim().split(/ +/);
  return {
    line: cells.slice(0, -2).join(' '),
    reason: cells.at(-2) ?? '',
    says: withPlaceholders(readyOf(nodeTask)?.message ?? ''),
  };
};
