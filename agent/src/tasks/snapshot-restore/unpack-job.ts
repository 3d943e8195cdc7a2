import type { ErrorCode } from '@nodetask/shared';
import type { Codec } from '../../archive/codec.ts';
import type { CompressedPiece } from '../../archive/split-blocks.ts';
import type { UnpackOptions } from './unpack-tree.ts';

/** What the thread that unpacks an archive is started with. */
export interface UnpackJob extends UnpackOptions {
  /** An empty folder. */
  readonly root: string;
  readonly compression: Codec['name'];
  /** Blocks to decompress at once. */
  readonly parallel: number;
}

/** To the thread; the memory of the bytes goes with them. The last one has none. */
export interface UnpackInput {
  readonly piece?: Pick<CompressedPiece, 'isBlock'> & { readonly bytes: Uint8Array };
}

/** From the thread: that a piece was taken, then how it ended. */
export type UnpackOutput =
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'done' }
  /** `code` of a TaskError; absent: an error that nobody expected. */
  | {
      readonly kind: 'failed';
      readonly code?: ErrorCode;
      readonly message: string;
      readonly stack?: string | undefined;
    };
