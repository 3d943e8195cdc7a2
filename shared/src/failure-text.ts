import { type ErrorCode, errorCodeEntry, errorCodes } from './error-codes.ts';

/** What went wrong, and what to do about it: each a sentence without its full stop. */
export interface FailureParts {
  readonly cause: string;
  readonly remedy?: string;
}

/**
 * "cannot read s3://a/b, NoSuchBucket (HTTP 404). Check bucket, region and endpoint": no colon before the remedy, since a code or a pod is
 * put in front with one.
 */
export const failureText = ({ cause, remedy }: FailureParts): string => {
  const said = withoutColons(trimmed(cause));
  if (remedy === undefined || trimmed(remedy) === '') return said;
  return `${said}${/[!?\u2026]$/.test(said) ? '' : '.'} ${capitalized(trimmed(remedy))}`;
};

/** The same with the remedy of the registry where the error has none of its own: one remedy, never two. */
export const failureTextOf = (code: ErrorCode, { cause, remedy }: FailureParts): string =>
  failureText({ cause, remedy: remedy ?? errorCodeEntry(code).action });

/**
 * The parts of a message. Its remedy begins with the last clause that begins with a verb of advice, as in "no chain_id: write it anew", and
 * goes on to the end; what comes before that, or a message that has none, is its cause.
 */
export const failureParts = (message: string): FailureParts => {
  const ends = [...message.matchAll(/[:;.?!]\s+/gu)];
  for (const { index, 0: mark } of ends.toReversed()) {
    const clause = message.slice(index + mark.length);
    if (clause.startsWith('nothing was ')) break;
    if (!isAdvice(clause)) continue;
    const cause = message.slice(0, mark.startsWith('?') ? index + 1 : index);
    return { cause, remedy: clause };
  }
  return { cause: message };
};

/** "connect ECONNREFUSED 10.0.0.1:80" is no advice. */
const isAdvice = (clause: string): boolean => {
  const [, first = '', next = ''] = /^(\w+)(?:\s+(\S{1,40}))?/u.exec(clause) ?? [];
  return verbs.has(first.toLowerCase()) && !/^(?:E[A-Z]{3,}|error|failed|failure|timed)\b/u.test(next);
};

const moreVerbs = 'allow ask choose edit enable exclude find give mount name put raise rename renew run unpack write';

const verbs: ReadonlySet<string> = new Set([
  ...Object.values(errorCodes).map(({ action }) => action.replace(/\W.*$/su, '').toLowerCase()),
  ...moreVerbs.split(' '),
]);

/** Colons inside of quotes belong to a value; a quote that is never closed is none. */
const withoutColons = (text: string): string => {
  const pieces = text.split('"');
  let quoted = false;
  return pieces
    .map((piece, index) => {
      const shown = quoted ? piece : piece.replaceAll(/[.,;]?:\s+/gu, ', ');
      if (quoted) quoted = piece.endsWith('\\');
      else quoted = index + 2 < pieces.length;
      return shown;
    })
    .join('"');
};

/** A server may have ended its sentence, and may have sent blanks. */
const trimmed = (text: string): string => {
  let end = text.length;
  while (end > 0 && '.:;, \n'.includes(text.charAt(end - 1))) end--;
  return text
    .slice(0, end)
    .trimStart()
    .replaceAll(/[ \t]{2,}/gu, ' ');
};

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
