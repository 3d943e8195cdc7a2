/** What a tool says of an object. */
export interface Verdict {
  /** In the words of the tool: `Current`, `Healthy`. */
  readonly status: string;
  readonly message: string;
}
