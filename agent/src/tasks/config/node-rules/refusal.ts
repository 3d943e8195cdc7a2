/** Why a node would not start with a value. */
export interface Refusal {
  /** Dotted, as the file has it. */
  readonly key: string;
  /** The rule for the value, or its fault. */
  readonly why: string;
  /** A warning only: the node starts, or may start, and `why` says what becomes of it. */
  readonly doubt?: true;
}
