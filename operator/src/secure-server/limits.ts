/** What clients may cost the HTTPS server, whoever they are: most of it is spent before it is known. */
export interface SecureServerLimits {
  /** More connections than these are cut at once. */
  readonly connections: number;
  /** Of one address, so that one pod cannot have all of them. */
  readonly connectionsPerAddress: number;
  readonly headerBytes: number;
  /** Milliseconds until a handshake is done, until headers are there, until a whole request is there. */
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** From the headers of a request to its answer. */
  readonly answerMs: number;
  /** How long a connection may be idle. */
  readonly keepAliveMs: number;
  /** From the end of the server to the cut of what still runs. */
  readonly closeMs: number;
}

export const defaultLimits: SecureServerLimits = {
  connections: 512,
  connectionsPerAddress: 64,
  headerBytes: 16 * 1024,
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 10_000,
  answerMs: 10_000,
  // Above the 90 s after which the API server closes idle connections to webhooks, so that it is never this side that does.
  keepAliveMs: 120_000,
  closeMs: 1_000,
};
