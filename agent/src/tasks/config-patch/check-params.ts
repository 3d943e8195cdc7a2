import { type ConfigPatchParams, patchableFiles, TaskError } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../node/document-value.ts';
import { parseKeyPath } from './key-path.ts';
import { isPatchTable } from './merge-patch.ts';
import { withoutDashes } from '../config/without-dashes.ts';

/** Refuses params that no file could make right: keys that do not parse, and keys that are removed and set at once. */
export const checkParams = (params: ConfigPatchParams): void => {
  for (const file of patchableFiles) {
    const patch = params.files?.[file];
    refuseUnsafeKeys(file, patch, []);
    for (const text of params.remove?.[file] ?? []) {
      const path = parseKeyPath(text);
      if (patch !== undefined && names(patch, path)) {
        throw new TaskError(
          'patch-invalid',
          `${file}: remove and files both name ${formatPath(path)}: either remove the key or set it`,
        );
      }
    }
  }
};

/** `__proto__` is no key of any node, and what sets it is after something else. */
const refuseUnsafeKeys = (file: string, value: unknown, at: KeyPath): void => {
  if (at.length > 128)
    throw new TaskError('patch-invalid', `${file}: the patch is deeper than 128 levels: make it shallower`);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseUnsafeKeys(file, item, [...at, String(index)]);
  } else if (isPatchTable(value)) {
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__' || !key.isWellFormed()) {
        throw new TaskError(
          'patch-invalid',
          `${file}: ${formatPath([...at, key])} is not a key: remove it from the patch`,
        );
      }
      refuseUnsafeKeys(file, member, [...at, key]);
    }
  }
};

/** True where the patch sets the path, something in it, or a plain value in the place of something above it. */
const names = (patch: Readonly<Record<string, unknown>>, path: KeyPath): boolean => {
  let value: unknown = patch;
  for (const key of path) {
    if (!isPatchTable(value)) return value !== undefined;
    const found = Object.entries(value).find(([name]) => withoutDashes(name) === withoutDashes(key));
    if (found === undefined) return false;
    value = found[1];
  }
  return true;
};
