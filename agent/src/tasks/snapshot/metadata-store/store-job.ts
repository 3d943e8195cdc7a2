import * as z from 'zod';
import { type EntryName, maxEntries } from './store-entry.ts';

/** What the process that opens a store is told to do. The store is a copy that belongs to the agent. */
export type StoreJob =
  | { readonly kind: 'list'; readonly store: string }
  /** Makes a new store, in a folder that does not exist, of the named entries. */
  | {
      readonly kind: 'select';
      readonly store: string;
      readonly target: string;
      readonly entries: readonly EntryName[];
    };

const uint32 = z.int().min(0).max(0xffff_ffff);

/** The answer of the process: one line of JSON. */
export const storeAnswer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('done'),
    /** Of a listing: all of the store. Of a selection: those of the new store. */
    entries: z
      .array(z.strictObject({ height: z.int().min(1), format: uint32, chunks: uint32.optional() }))
      .max(maxEntries)
      .readonly(),
  }),
  z.strictObject({ kind: z.literal('failed'), message: z.string().max(2_000) }),
]);

export type StoreAnswer = z.input<typeof storeAnswer>;
