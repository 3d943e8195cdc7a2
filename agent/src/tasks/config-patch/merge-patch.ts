import { TaskError } from '@nodetask/shared';
import {
  type DocumentTable,
  formatPath,
  isList,
  isTable,
  type KeyPath,
  valueAt,
  withEdit,
} from '../../node/document-value.ts';
import { convertValue } from './convert-value.ts';
import type { DocumentFormat } from './document-format.ts';
import { refusePatch } from './refuse-patch.ts';
import { keyInAnyCase, spellKey, spellPath } from './spelling.ts';
import { checkKind } from './value-kind.ts';

export interface MergeResult {
  readonly document: DocumentTable;
  /** Keys that the file spells in another case, or with the other of `-` and `_`: as asked for, and as the file has them. */
  readonly respelled: Readonly<Record<string, string>>;
}

/**
 * Merges a patch into a document by RFC 7386: null deletes, tables merge, everything else replaces. Beyond the RFC, because JSON and
 * Kubernetes clients lose what TOML has: a number takes the type of the value that it replaces, digits in a string are an integer where
 * the existing value is one, and a number that JSON may have rounded is refused. In TOML a value of another kind than the existing one is
 * refused: the node would not read it. In TOML a key finds the existing one that differs only
 * in case, which is the same key to the node, or in `-` and `_`, since Sei and CometBFT spell the same keys differently. Pure; throws TaskError `patch-invalid`.
 */
export const mergePatch = (
  document: DocumentTable,
  patch: Readonly<Record<string, unknown>>,
  format: DocumentFormat,
): MergeResult => {
  const respelled: Record<string, string> = {};
  return { document: mergeTable(document, patch, format, [], respelled), respelled };
};

/** Removes keys; one that is not there is no fault, so that the same task can run again. */
export const removeKeys = (document: DocumentTable, paths: readonly KeyPath[], format: DocumentFormat): MergeResult => {
  const respelled: Record<string, string> = {};
  let result = document;
  for (const asked of paths) {
    const path = spellPath(result, asked, format);
    for (let length = 1; length < path.length; length++) {
      if (isList(valueAt(result, path.slice(0, length)))) {
        throw new TaskError(
          'patch-invalid',
          `remove ${format.file}: ${formatPath(path.slice(0, length))} is a list, and ${formatPath(asked)} names something in it: give the whole new list in files`,
        );
      }
    }
    if (valueAt(result, path) === undefined) continue;
    noteSpelling(respelled, asked, path);
    result = withEdit(result, { path });
  }
  return { document: result, respelled };
};

/** Deeper patches than any configuration needs; keeps recursion shallow. */
const maxDepth = 64;

const mergeTable = (
  document: DocumentTable,
  patch: Readonly<Record<string, unknown>>,
  format: DocumentFormat,
  at: KeyPath,
  respelled: Record<string, string>,
): DocumentTable => {
  if (at.length > maxDepth) refusePatch(format, at, `lies deeper than ${maxDepth} levels`, 'make the patch shallower');
  let result = document;
  const seen = new Map<string, string>();
  for (const [asked, value] of Object.entries(patch)) {
    const isThere = value === null || keyInAnyCase(document, asked, format) !== undefined;
    const forNode = isThere ? undefined : format.spellForNode([...at, asked]);
    const key =
      forNode === undefined
        ? spellKey(document, asked, at, format)
        : (keyInAnyCase(document, forNode, format) ?? forNode);
    const twin = seen.get(key);
    if (twin !== undefined) {
      refusePatch(
        format,
        [...at, asked],
        `and ${JSON.stringify(twin)} mean the same key of the file`,
        'give one of them',
      );
    }
    seen.set(key, asked);
    noteSpelling(respelled, [...at, asked], [...at, key]);
    const path = [...at, key];
    const old = Object.hasOwn(document, key) ? document[key] : undefined;
    if (value === null) {
      if (old !== undefined) result = withEdit(result, { path: [key] });
    } else if (isPatchTable(value)) {
      checkKind({}, old, format, path);
      const base = isTable(old) ? old : {};
      result = { ...result, [key]: mergeTable(base, value, format, path, respelled) };
    } else {
      result = { ...result, [key]: convertValue(value, old, format, path) };
    }
  }
  return result;
};

export const isPatchTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const noteSpelling = (respelled: Record<string, string>, asked: KeyPath, used: KeyPath): void => {
  if (formatPath(asked) !== formatPath(used)) respelled[formatPath(asked)] = formatPath(used);
};
