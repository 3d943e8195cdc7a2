import { isSecretName, redactText } from '@nodetask/runtime';

const maxQuoted = 80;

/**
 * A value from outside as it may stand in an error: JSON, cut, control characters escaped; not at all where a name on its
 * path says that it is a secret.
 */
export const quoteValue = (value: unknown, path: readonly PropertyKey[] = []): string => {
  if (path.some((part) => typeof part === 'string' && isSecretName(part))) return 'a value that is not shown';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  if (typeof value !== 'string') return String(value);
  const text = redactText(value.slice(0, 4 * maxQuoted));
  const quoted = JSON.stringify(text.slice(0, maxQuoted)).replaceAll(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0') ?? ''}`,
  );
  return value.length > maxQuoted ? `${quoted}…` : quoted;
};
