/** Names that users, the operator and the agent share. */

export const apiGroup = 'nodetask.dev';
export const apiVersion = 'v1alpha1';
export const groupVersion = `${apiGroup}/${apiVersion}`;
export const kind = 'NodeTask';
export const plural = 'nodetasks';
export const shortName = 'nt';

/** Label and value that mark a pod which runs the agent. */
export const agentLabel = 'nodetask.dev/agent';
export const agentLabelValue = 'enabled';

/** Name of the agent's container; to a pod that has one, none is added. */
export const agentContainerName = 'nodetask-agent';
/** Name of the agent's container port. */
export const agentPortName = 'nodetask';
/** Name of the container port on which the agent answers probes. */
export const agentProbePortName = 'nodetask-probe';
/** Annotation with the agent's port where no container port is named `nodetask`. */
export const agentPortAnnotation = 'nodetask.dev/agent-port';

/** Holds a NodeTask until its work on the agents has stopped. */
export const cancelFinalizer = 'nodetask.dev/cancel';
/** Annotation, any value: take the finalizer off without stopping the work. */
export const forceDeleteAnnotation = 'nodetask.dev/force-delete';

export const operatorFieldManager = 'nodetask-operator';

/**
 * The field manager of one agent. Each agent has its own: with one name for all, each would erase the others' rows.
 * @param podNameSHA256 SHA-256 of the pod's name, hexadecimal.
 */
export const agentFieldManager = (podNameSHA256: string): string => `nodetask-agent-${podNameSHA256.slice(0, 16)}`;

/** A second one, for where another pod has taken the first: the admission policy lets the pod with this UID alone have it. */
export const agentFieldManagerOfPod = (podUID: string): string => `nodetask-agent-${podUID}`;

/** How the name of the ValidatingAdmissionPolicy of who writes what into status ends: the name of its release stands before it. */
export const statusPolicySuffix = '-status';

/** The most targets of one NodeTask. */
export const maxTargets = 256;

/**
 * The most rows of status.targets. More than targets: an agent may be the first to write its row, and any pod of the namespace can write one for itself, which
 * must not take the room of a target. The admission policy keeps rows that the operator has not written below the difference.
 */
export const maxTargetRows = 2 * maxTargets;

/** With more targets than these, each has less room on status. */
const manyTargets = 32;

/** The most that params may take as JSON, in bytes: a whole config.toml fits; the whole object stays under 1 MiB. */
export const maxParamsBytes = 32 * 1024;

/**
 * Bytes that the agent's part of a row, `result` and `runs` together, may take on status as JSON, by number of targets, so
 * that the whole object stays under 1 MiB (largest-node-task.test.ts).
 */
export const maxResultBytes = (targets: number): number => (targets <= manyTargets ? 16 * 1024 : 2 * 1024);

/** The most characters of an error on status. */
export const maxErrorCharacters = 512;

/** The most characters of a condition's message; a longer one is cut, or the API server refuses the whole status. */
export const maxConditionMessageCharacters = 1024;

/** The most characters of a target's message, by number of targets, for the same reason as maxResultBytes. A longer one is cut. */
export const maxTargetMessageCharacters = (targets: number): number => (targets <= manyTargets ? 1024 : 128);

/** The most entries of status.history, and the most characters of each. */
export const maxHistoryEntries = 10;
export const maxHistoryCharacters = 256;

/** The most characters of status.target: a line of `kubectl get` then has 80 at most (docs/adr/0058). */
export const maxTargetTextCharacters = 11;
