/** Why a node would not start with a value. */
export interface Refusal {
  /** Dotted, as the file has it. */
  readonly key: string;
  /** What the value must be, or what is wrong with it. */
  readonly why: string;
}
