/**
 * Keeps secrets out of lines: values under telling keys, bearer tokens, credentials in URLs and the signed part of
 * presigned URLs, wherever in a text they stand.
 */
const redacted = '[redacted]';

const secretNames = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'token',
  'password',
  'passwd',
  'passphrase',
  'secret',
  'credential',
  'credentials',
  'mnemonic',
]);

const secretEndings = ['token', 'password', 'passphrase', 'secret', 'credentials'];

/** `key` alone is a name (of an object, of a queue); `accessKey`, `private_key`, `API-KEY` are secrets. */
const keyEnding = /(?:[a-z0-9]Key|[a-z0-9][_-]key|[A-Z0-9][_-]?KEY)$/;

/** Whether a field of this name must not be shown. */
export const isSecretName = (name: string): boolean => {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
  return secretNames.has(plain) || secretEndings.some((ending) => plain.endsWith(ending)) || keyEnding.test(name);
};

const bearer = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}/gi;
const userInfo = /:\/\/[^\s/?#@"']{1,256}@/g;
const signedQuery =
  /([?&;](?:X-Amz-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|X-Goog-(?:Signature|Credential)|sig|access_token|token|api[_-]?key|password|secret)=)[^&\s"'#]+/gi;

/** The text without the secrets that it shows by its form. */
export const redactText = (text: string): string =>
  text.replace(bearer, `$1 ${redacted}`).replace(userInfo, `://${redacted}@`).replace(signedQuery, `$1${redacted}`);

export const redactedValue = redacted;
