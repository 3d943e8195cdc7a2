import { formatPath, type KeyPath } from '../../node/document-value.ts';
import { nextKey, skipValue } from '../../node/json/scan-json.ts';
import { type Pair, scanToml } from '../../node/toml/scan-toml.ts';
import { isSecretKey, maskAssignments, maskURLCredentials } from '../secret-keys.ts';

/**
 * A text with the values of secret keys masked, for diffs. `changed` are the paths whose masked value shall read as changed, so that the
 * diff shows that something happened without showing what.
 */
export const redactToml = (text: string, changed: readonly KeyPath[]): string => {
  const parts: string[] = [];
  let at = 0;
  const changedPaths = new Set(changed.map(formatPath));
  const pairs = scanToml(text).statements.filter((statement): statement is Pair => statement.kind === 'pair');
  for (const pair of pairs) {
    if (!pair.path.some(isSecretKey) && !pair.innerKeys.some(isSecretKey)) continue;
    const known = pair.path.some((_, index) => changedPaths.has(formatPath(pair.path.slice(0, index + 1))));
    parts.push(text.slice(at, pair.valueStart), mask(known));
    at = pair.valueEnd;
  }
  return maskAssignments(maskURLCredentials(parts.join('') + text.slice(at)));
};

export const redactJson = (text: string, changed: readonly KeyPath[]): string => {
  const parts: string[] = [];
  const names = new Set(changed.map((path) => path.find(isSecretKey)));
  let at = 0;
  let found = nextKey(text, 0);
  while (found !== undefined) {
    const { key, valueStart } = found;
    if (isSecretKey(key)) {
      parts.push(text.slice(at, valueStart), mask(names.has(key)));
      at = skipValue(text, valueStart);
    }
    found = nextKey(text, isSecretKey(key) ? at : valueStart);
  }
  return maskAssignments(maskURLCredentials(parts.join('') + text.slice(at)));
};

const mask = (changed: boolean): string => (changed ? '"[redacted, changed]"' : '"[redacted]"');
