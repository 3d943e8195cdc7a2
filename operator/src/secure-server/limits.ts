import type { ConnectionLimits } from '@nodetask/runtime/connections';

/** What clients may cost the HTTPS server, whoever they are: most of it is spent before it is known. */
export interface SecureServerLimits extends ConnectionLimits {
  readonly headerBytes: number;
  /** Milliseconds until a handshake is done, until headers are there, until a whole request is there. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** From the headers of a request to its answer. */
  readonly answerMs: number;
  /** How long the connection of a caller that comes again may be idle; the others are closed with their first answer. */
  readonly keepAliveMs: number;
  /** From the end of the server to the cut of what still runs. */
  readonly closeMs: number;
}

export const defaultLimits: SecureServerLimits = {
  connections: 512,
  reserved: 64,
  perAddress: 64,
  headerBytes: 16 * 1024,
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 10_000,
  answerMs: 10_000,
  // Above the 90 s after which the API server closes idle connections to webhooks, so that it is never this side that does.
  keepAliveMs: 120_000,
  closeMs: 1_000,
};
