// What a task of a chaos run is, and what must have become of it.

/** Where a patch of a task ends up in config.toml. */
export const chaosTable = 'chaos';

/** What is done to a NodeTask a while after it was applied. */
export interface Change {
  readonly kind: 'cancel' | 'resume' | 'delete';
  readonly afterMs: number;
}

/** Phases in which a NodeTask stays; `gone`: there must be none. */
export type EndPhase = 'Succeeded' | 'Failed' | 'Cancelled' | 'Scheduled' | 'Running' | 'gone';

export interface ChaosTask {
  readonly name: string;
  /** For people: "patch", "cancelled". */
  readonly kind: string;
  /** The agents that it runs on, by pod name. */
  readonly pods: readonly string[];
  readonly spec: Readonly<Record<string, unknown>>;
  readonly change?: Change;
  readonly expect: EndPhase;
  /** Attempts that must be journalled as ended, on each target; `atMost`: some may never have begun. */
  readonly attempts: { readonly exactly: number } | { readonly atMost: number };
  /** Key and value that its effect leaves under `[chaos]` of config.toml; absent where it changes nothing. */
  readonly leaves?: { readonly key: string; readonly value: number };
}
