/** What there is to know about an error code. A code is never reused for another meaning. */
export interface ErrorCodeEntry {
  /** HTTP status of the answer; absent where the code only appears in a TaskResult. */
  readonly status?: number;
  /** Whether the same request or task may succeed when it is simply tried again. */
  readonly retriable: boolean;
  readonly meaning: string;
  readonly action: string;
}
