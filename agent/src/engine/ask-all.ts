import type { NodeTasks, OwnedTask, Standing } from './node-tasks.ts';

/** Questions on their way at the same time. */
const maxAsking = 4;

export type Answer = Exclude<Standing, { readonly kind: 'away' }>;

/** Asks about tasks until the signal aborts, and tells each answer. Returns those without one: after the first of them no more are asked about. */
export const askAll = async (
  nodeTasks: NodeTasks,
  tasks: readonly OwnedTask[],
  signal: AbortSignal,
  onAnswer: (task: OwnedTask, answer: Answer) => void,
): Promise<readonly OwnedTask[]> => {
  const waiting = [...tasks];
  const open: OwnedTask[] = [];
  const worker = async (): Promise<void> => {
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const standing = await ask(nodeTasks, task, signal);
      if (standing.kind === 'away') {
        open.push(task, ...waiting.splice(0));
        return;
      }
      onAnswer(task, standing);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxAsking, tasks.length) }, worker));
  return open;
};

/** The signal is heeded here too: nothing waits for whoever overlooks it. */
const ask = async (nodeTasks: NodeTasks, task: OwnedTask, signal: AbortSignal): Promise<Standing> => {
  if (signal.aborted) return { kind: 'away' };
  const aborted = Promise.withResolvers<Standing>();
  const onAbort = (): void => {
    aborted.resolve({ kind: 'away' });
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([nodeTasks.ask(task, signal), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};
