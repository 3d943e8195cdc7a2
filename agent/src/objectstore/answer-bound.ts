/** The entries that a page of a listing is asked for. With keys of 1,024 bytes, the longest, they take some 230 kB. */
export const pageEntries = 150;

/**
 * Of a page of a listing. The parser of the SDK takes up to 100 bytes of memory, and 0.7 µs, for each byte of a hostile page: 25 MB and
 * 0.2 s for this size.
 */
const maxPageBytes = 256 * 1024;

/** Of any other answer that is no object: an error, the id of an upload, credentials from STS. Honest ones have 2 kB at most. */
const maxShortBytes = 64 * 1024;

/** A request of the SDK, as far as it tells what may be answered. */
interface AskedOf {
  readonly method: string;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

interface AnswerHead {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** How many bytes the body of an answer may have, and whether they are the content of an object. What is not known is short. */
export const answerBound = (
  { method, query = {}, headers }: AskedOf,
  { statusCode, headers: answered }: AnswerHead,
): { readonly isObject: boolean; readonly maxBytes: number } => {
  if (method !== 'GET' || (statusCode !== 200 && statusCode !== 206)) return short;
  if ('list-type' in query || 'uploads' in query) return { isObject: false, maxBytes: maxPageBytes };
  if (query['x-id'] !== 'GetObject') return short;
  return { isObject: true, maxBytes: rangeBytes(headers) ?? contentLength(answered) ?? maxShortBytes };
};

const short = { isObject: false, maxBytes: maxShortBytes } as const;

/** How many bytes were asked for; undefined where all of the object was. */
const rangeBytes = (headers: Readonly<Record<string, string>>): number | undefined => {
  const [, first, last] = /^bytes=(\d{1,16})-(\d{1,16})$/.exec(headers['range'] ?? headers['Range'] ?? '') ?? [];
  return first === undefined ? undefined : Number(last) - Number(first) + 1;
};

const contentLength = (headers: Readonly<Record<string, string>>): number | undefined => {
  const length = Number(headers['content-length'] ?? NaN);
  return Number.isSafeInteger(length) ? length : undefined;
};
