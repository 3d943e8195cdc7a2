import * as z from 'zod';
import type { CrossFieldRule } from './cross-field-rule.ts';

/**
 * Keys and values of labels as Kubernetes has them. Anything else can be on no pod, and the API server refuses a query that asks for it.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */

/** A DNS subdomain as prefix, if any, and a name of at most 63 characters. */
const keyPattern =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const keyMessage = 'must be a label key such as app or app.kubernetes.io/name';

const maxPrefixCharacters = 253;
/** Prefix, slash and name. */
export const maxLabelKeyCharacters = 317;

const hasShortPrefix = (key: string): boolean => key.indexOf('/') <= maxPrefixCharacters;

export const labelKey = z.string().min(1).max(maxLabelKeyCharacters).regex(keyPattern, keyMessage);

export const labelValue = z
  .string()
  .max(63)
  .regex(
    /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    'must be a label value: at most 63 letters, digits, "-", "_" and ".", with a letter or digit first and last',
  );

/** The part of a label key that its pattern does not say. `self.key` is the key. */
export const keyPrefixRule: CrossFieldRule = {
  cel: `self.key.indexOf('/') <= ${maxPrefixCharacters}`,
  message: `the prefix of a label key has at most ${maxPrefixCharacters} characters`,
  holds: ({ key }) => typeof key !== 'string' || hasShortPrefix(key),
};

/** Each key of the map `member` is a label key: a structural schema has no pattern for keys. */
export const labelKeysRule = (member: string): CrossFieldRule => ({
  cel: `!has(self.${member}) || self.${member}.all(key, key.indexOf('/') <= ${maxPrefixCharacters} && key.matches(r'${keyPattern.source.replaceAll(String.raw`\/`, '/')}'))`,
  message: `each key of ${member} ${keyMessage}`,
  holds: (members) => Object.keys(members[member] ?? {}).every((key) => hasShortPrefix(key) && keyPattern.test(key)),
});
