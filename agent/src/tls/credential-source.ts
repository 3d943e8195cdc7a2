import type { Credentials } from './credentials.ts';

/** Where the agent's certificate comes from. */
export interface CredentialSource {
  /** What to show now. */
  readonly credentials: Credentials;
  /** Whether that is of the agent's own making, and worth nothing. */
  readonly isPlaceholder: boolean;
  /** Told after each change. */
  subscribe(listener: () => void): void;
  /** Keeps them fresh until the signal aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}
