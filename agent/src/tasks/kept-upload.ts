import { timestamp } from '@nodetask/shared';
import * as z from 'zod';

/** The newest complete upload of a task to one destination, as the agent keeps it in its state folder. */
export interface KeptUpload {
  /** Of the object. */
  readonly key: string;
  /** When it was complete, in milliseconds since the epoch. */
  readonly at: number;
  /** Of the snapshot in it. */
  readonly height?: number | undefined;
  /** The upload was made before this agent took the place of seictl. */
  readonly by?: 'seictl' | undefined;
}

const schema = z.object({
  version: z.literal(1),
  key: z.string().max(1024),
  at: timestamp,
  height: z.int().min(1).optional(),
  by: z.literal('seictl').optional(),
});

export const formatKeptUpload = ({ key, at, height, by }: KeptUpload): string => {
  const content: z.input<typeof schema> = { version: 1, key, at: new Date(at).toISOString(), height, by };
  return `${JSON.stringify(content)}\n`;
};

/** Undefined where the text is missing, or is no such record: the same as if no upload were known. */
export const parseKeptUpload = (text: string | undefined): KeptUpload | undefined => {
  try {
    const kept = text === undefined ? undefined : schema.safeParse(JSON.parse(text)).data;
    return kept === undefined ? undefined : { ...kept, at: Date.parse(kept.at) };
  } catch {
    // Not even JSON.
    return undefined;
  }
};
