/** Where a genesis document comes from. */
export interface GenesisSource {
  /** For messages; holds no secret. */
  readonly name: string;
  /** The bytes of the document, in order. Throws TaskError, or the signal's reason. */
  read(options: ReadOptions): AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told once the number of bytes is known, which need not be. */
  readonly onTotal: (bytes: number) => void;
}
