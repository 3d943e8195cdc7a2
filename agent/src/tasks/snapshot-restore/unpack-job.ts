import type { ErrorCode } from '@nodetask/shared';
import type { Codec } from '../../archive/codec.ts';
import type { UnpackOptions } from './unpack-tree.ts';

/** What the thread that unpacks an archive is started with. */
export interface UnpackJob extends UnpackOptions {
  /** An empty folder. */
  readonly root: string;
  readonly compression: Codec['name'];
  /** Blocks to decompress at once. */
  readonly parallel: number;
}

/** To the thread: the next bytes of the archive, in memory that both share; the last one has none. */
export interface UnpackInput {
  readonly bytes?: Uint8Array;
}

/** From the thread: that it is done with the memory of the first bytes that it has not answered yet, then how all ended. */
export type UnpackOutput =
  | { readonly kind: 'taken' }
  | { readonly kind: 'done' }
  /** `code` of a TaskError; absent: an error that nobody expected. */
  | {
      readonly kind: 'failed';
      readonly code?: ErrorCode;
      readonly message: string;
      readonly stack?: string | undefined;
    };
