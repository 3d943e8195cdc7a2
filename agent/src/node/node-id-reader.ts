import { type Clock, TaskError } from '@nodetask/shared';
import { abortable } from './abortable.ts';
import { startDeadline } from './http/deadline.ts';
import { readOwnNodeId } from './node-id.ts';
import type { NodeHome } from './node-home.ts';

/**
 * The node's own id, read at each call: the key may be exchanged while the agent runs. Throws TaskError `node-key-missing`,
 * `node-key-invalid`.
 */
export type NodeIdReader = () => Promise<string>;

export interface NodeIdReaderOptions {
  readonly clock: Clock;
  /** The most that a caller waits; default 3 s. */
  readonly timeoutMs?: number;
  /** Default: by the files of the home. */
  readonly read?: (home: NodeHome) => Promise<string | undefined>;
}

/** However many callers ask, one read is on its way: a volume that hangs must not take all threads of the file system. */
export const nodeIdReader = (home: NodeHome, options: NodeIdReaderOptions): NodeIdReader => {
  const { clock, timeoutMs = 3_000, read = readOwnNodeId } = options;
  let reading: Promise<string | undefined> | undefined;
  return async () => {
    reading ??= read(home).finally(() => (reading = undefined));
    const deadline = startDeadline(clock, never, timeoutMs, () => tooSlow(timeoutMs));
    try {
      const id = await abortable(reading, deadline.signal);
      if (id !== undefined) return id;
    } catch (error) {
      throw asAnswer(error);
    } finally {
      deadline.end();
    }
    throw new TaskError(
      'node-key-missing',
      'the node has no node key: start it once, or set node_key_file in config.toml if the key is elsewhere',
    );
  };
};

const never = new AbortController().signal;

const tooSlow = (ms: number): TaskError =>
  new TaskError(
    'node-key-invalid',
    `the node key was not read within ${ms / 1_000} s: look at the volume of the node`,
    {
      retriable: true,
    },
  );

/** The codes of files are those of tasks; the API has its own for the key. */
const asAnswer = (error: unknown): unknown =>
  error instanceof TaskError && error.code !== 'node-key-invalid'
    ? new TaskError('node-key-invalid', error.message, { cause: error, retriable: error.retriable })
    : error;
