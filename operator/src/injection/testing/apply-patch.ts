import type { AddOperation } from '../json-patch.ts';

/** What the API server makes of a patch, for tests without one: RFC 6902, as far as it is used. */
export const applyPatch = (object: object, patch: readonly AddOperation[]): object => {
  const result = structuredClone(object);
  for (const { path, value } of patch) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    let parent: unknown = result;
    for (const key of keys) parent = (parent as Record<string, unknown>)[key];
    if (parent === null || typeof parent !== 'object') throw new Error(`${path}: its parent does not exist`);
    if (Array.isArray(parent)) {
      const index = last === '-' ? parent.length : Number(last);
      if (!Number.isInteger(index) || index < 0 || index > parent.length) throw new Error(`${path}: no such place`);
      parent.splice(index, 0, structuredClone(value));
    } else {
      (parent as Record<string, unknown>)[last] = structuredClone(value);
    }
  }
  return result;
};
