import * as z from 'zod';

/**
 * Annotation of what holds a bundle: until when CAs stay in it that sign no more, `{"<SHA-256 fingerprint>": "<RFC 3339 time>"}`.
 * What cannot be read counts as not said: the time begins anew.
 */
export const leavingAnnotation = 'nodetask.dev/ca-leaving';

const schema = z.record(z.string().max(100), z.iso.datetime());

export const readLeaving = (annotations: Readonly<Record<string, string>> = {}): ReadonlyMap<string, number> => {
  try {
    const parsed = schema.safeParse(JSON.parse(annotations[leavingAnnotation] ?? '{}'));
    return new Map(Object.entries(parsed.data ?? {}).map(([fingerprint, time]) => [fingerprint, Date.parse(time)]));
  } catch {
    return new Map();
  }
};

/** undefined where nothing leaves: the annotation goes then. */
export const leavingText = (leaving: ReadonlyMap<string, number>): string | undefined =>
  leaving.size === 0
    ? undefined
    : JSON.stringify(
        Object.fromEntries([...leaving].map(([fingerprint, at]) => [fingerprint, new Date(at).toISOString()])),
      );
