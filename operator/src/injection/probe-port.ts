import type { Wishes } from './annotations.ts';

/** The port on which the agent answers probes; by default the one after that of its API, as the agent does by itself. */
export const probePort = (wishes: Wishes): number => wishes['probe-port'] ?? wishes['agent-port'] + 1;
