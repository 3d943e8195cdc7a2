/** Where a genesis document comes from. */
export interface GenesisSource {
  /** For messages; holds no secret. */
  readonly name: string;
  /** As it was given, for advice; only of https. */
  readonly address?: URL;
  /** The bytes of the document, in order. Throws TaskError, or the signal's reason. */
  read(options: ReadOptions): AsyncIterable<Uint8Array>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Of the document. A source that may know when more comes fails then; the reader counts, too. */
  readonly maxBytes: number;
  /** Told once the number of bytes is known, which need not be. */
  readonly onTotal: (bytes: number) => void;
  /** Told the warnings about what the source cannot show of the document: that its bytes are of one version, and as they were stored. */
  readonly onDoubts: (doubts: readonly string[]) => void;
}
