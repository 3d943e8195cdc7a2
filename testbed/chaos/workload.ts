// The tasks of a chaos run: each changes something of its own, so that afterwards the node's files tell which took effect.

/** Where a patch of a task ends up in config.toml: table and key. */
export const chaosTable = 'chaos';

export interface ChaosTask {
  readonly name: string;
  /** The agents that it runs on, by pod name. */
  readonly pods: readonly string[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly expect: 'Succeeded' | 'Failed';
  /** Key and value that its effect leaves under `[chaos]` of config.toml; absent where it changes nothing. */
  readonly leaves?: { readonly key: string; readonly value: number };
}

/** Of ten tasks seven patch one node, two patch all, and one must fail. */
export const chaosTask = (
  number: number,
  pods: readonly string[],
  podLabels: Readonly<Record<string, string>>,
): ChaosTask => {
  const name = `chaos-${String(number)}`;
  const key = `task_${String(number)}`;
  const pod = pods[number % pods.length];
  if (pod === undefined) throw new Error('a chaos run needs at least one pod');
  const patch = { files: { 'config.toml': { [chaosTable]: { [key]: number } } } };
  switch (number % 10) {
    case 3:
    case 7:
      return {
        name,
        pods,
        spec: { type: 'config-patch', target: { selector: { matchLabels: podLabels } }, params: patch },
        expect: 'Succeeded',
        leaves: { key, value: number },
      };
    case 9:
      return {
        name,
        pods: [pod],
        // These homes have no client.toml.
        spec: {
          type: 'config-patch',
          target: { podName: pod },
          params: { remove: { 'client.toml': ['node'] } },
        },
        expect: 'Failed',
      };
    default:
      return {
        name,
        pods: [pod],
        spec: { type: 'config-patch', target: { podName: pod }, params: patch },
        expect: 'Succeeded',
        leaves: { key, value: number },
      };
  }
};
