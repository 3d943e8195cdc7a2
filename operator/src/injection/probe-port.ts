import type { Wishes } from './annotations.ts';

/** Where the agent answers probes; by default that is what it does by itself, the port after the one of its API. */
export const probePort = (wishes: Wishes): number => wishes['probe-port'] ?? wishes['agent-port'] + 1;
