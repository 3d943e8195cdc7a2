import type { ConnectionLimits } from './connection-guard.ts';

/** The most that callers may cost a server of probes, which answers everybody, once for each connection. */
export interface ProbeLimits extends ConnectionLimits {
  readonly headerBytes: number;
  /** For a whole request to come in. */
  readonly requestMs: number;
}

/**
 * A kubelet sends its small request at once. The places are many more than kubelets need: under a flood from the kubelet's own address, they are the time
 * that its connection has before it is the oldest.
 */
export const probeLimits: ProbeLimits = {
  connections: 128,
  reserved: 0,
  perAddress: 64,
  headerBytes: 4096,
  requestMs: 2_000,
};
