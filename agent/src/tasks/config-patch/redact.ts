import { formatPath, type KeyPath } from '../../node/document-value.ts';
import { skipValue } from '../../node/json/scan-json.ts';
import { type Pair, scanToml } from '../../node/toml/scan-toml.ts';
import { isSecretKey, maskAssignments, maskURLCredentials } from '../secret-keys.ts';

/**
 * A text with the values of secret keys masked, for diffs. `changed` are the paths whose masked value shall read as changed, so that the
 * diff shows that something happened without showing what.
 */
export const redactToml = (text: string, changed: readonly KeyPath[]): string => {
  let result = text;
  const changedPaths = new Set(changed.map(formatPath));
  const pairs = scanToml(text).statements.filter((statement): statement is Pair => statement.kind === 'pair');
  for (const pair of pairs.toReversed()) {
    const value = text.slice(pair.valueStart, pair.valueEnd);
    if (!pair.path.some(isSecretKey) && !holdsSecret(value)) continue;
    const known = pair.path.some((_, index) => changedPaths.has(formatPath(pair.path.slice(0, index + 1))));
    result = result.slice(0, pair.valueStart) + mask(known) + result.slice(pair.valueEnd);
  }
  return maskAssignments(maskURLCredentials(result));
};

export const redactJson = (text: string, changed: readonly KeyPath[]): string => {
  const parts: string[] = [];
  const names = new Set(changed.map((path) => path.find(isSecretKey)));
  let at = 0;
  const key = /"((?:[^"\\]|\\.)*)"[ \t\r\n]*:[ \t\r\n]*/g;
  for (let match = key.exec(text); match !== null; match = key.exec(text)) {
    const name = match[1] ?? '';
    if (!isSecretKey(name)) continue;
    const valueStart = key.lastIndex;
    parts.push(text.slice(at, valueStart), mask(names.has(name)));
    at = skipValue(text, valueStart);
    key.lastIndex = at;
  }
  return maskAssignments(maskURLCredentials(parts.join('') + text.slice(at)));
};

const mask = (changed: boolean): string => (changed ? '"[redacted, changed]"' : '"[redacted]"');

/** An inline table in the value has a secret key. */
const holdsSecret = (value: string): boolean =>
  /[{]/.test(value) &&
  [...value.matchAll(/(?:"([^"\\]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*=/g)].some((match) =>
    isSecretKey(match[1] ?? match[2] ?? match[3] ?? ''),
  );
