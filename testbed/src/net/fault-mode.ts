// What a fault proxy can do to a connection.

/** Bytes that flow from the client to the server, or from the server to the client. */
export type Direction = 'toServer' | 'toClient';

export type FaultMode =
  | { readonly kind: 'pass' }
  /** Nothing listens: new connections are refused by the kernel. Live connections go on. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and stay open, nothing is forwarded. What was held back flows on when the mode changes. */
  | { readonly kind: 'stall'; readonly direction?: Direction }
  /** Every byte arrives so many milliseconds later, in order. */
  | { readonly kind: 'delay'; readonly toServerMs: number; readonly toClientMs: number }
  /** Each connection carries so many bytes a second in that direction; a slow line, not a broken one. */
  | { readonly kind: 'throttle'; readonly direction: Direction; readonly bytesPerSecond: number }
  /** An orderly end (FIN) on both sides after exactly so many more bytes in that direction. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly afterBytes: number }
  /** A hard end (RST) on both sides after exactly so many more bytes in that direction. */
  | { readonly kind: 'reset'; readonly direction: Direction; readonly afterBytes: number };
