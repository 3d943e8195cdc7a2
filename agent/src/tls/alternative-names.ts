import type { X509Certificate } from 'node:crypto';

/** The subject alternative names of a certificate that the agent looks at. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly uris: readonly string[];
}

/**
 * Node.js gives them as one text, `DNS:a, URI:b`, in which a value that could be taken for more than one is a JSON string.
 * https://nodejs.org/api/crypto.html#x509subjectaltname
 */
const entry = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy;

/** Names that cannot be told apart for certain count as none. */
export const alternativeNames = ({ subjectAltName = '' }: X509Certificate): AlternativeNames => {
  const dns: string[] = [];
  const uris: string[] = [];
  let read = 0;
  for (const match of subjectAltName.matchAll(entry)) {
    const [whole, kind, value = ''] = match;
    read += whole.length;
    const text = value.startsWith('"') ? parseQuoted(value) : value;
    if (text === undefined) return { dns: [], uris: [] };
    if (kind === 'DNS') dns.push(text);
    if (kind === 'URI') uris.push(text);
  }
  return read === subjectAltName.length ? { dns, uris } : { dns: [], uris: [] };
};

const parseQuoted = (text: string): string | undefined => {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
};
