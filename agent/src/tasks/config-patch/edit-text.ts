import type { Dialect, PatchableFile } from '@nodetask/shared';
import { editsBetween, formatPath } from '../../node/document-value.ts';
import { type SplitChange, splitChange } from '../config/split-change.ts';
import { unifiedDiff } from '../unified-diff.ts';
import { formatOf } from './document-format.ts';
import { parseKeyPath } from './key-path.ts';
import { mergePatch, removeKeys } from './merge-patch.ts';
import { unknownInPatch, type UnknownInPatch } from './unknown-keys.ts';

/** The text of a file, and what is to become of it. Plain data, which a thread can be sent. */
export interface EditJob {
  readonly name: PatchableFile;
  readonly before: string;
  /** Of config.toml, where it is known; without it, keys whose spelling depends on it are refused. */
  readonly dialect?: Dialect;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
  /** The most bytes of the diff. */
  readonly diffBytes: number;
}

export interface EditedText {
  readonly after: string;
  /** The changed keys, as messages write them. */
  readonly changed: readonly string[];
  readonly respelled: Readonly<Record<string, string>>;
  /** Without values of secret keys; empty where nothing changed. */
  readonly diff: string;
  readonly unknown: UnknownInPatch;
  /** Of app.toml. */
  readonly split?: SplitChange;
}

/**
 * Merges a patch into a text. Pure; throws TaskError. It takes its time: see `editAside`.
 * @param show What the diff has of a text.
 */
export const editText = async (
  { name, before, dialect, patch, remove, diffBytes }: EditJob,
  show: (text: string) => string = (text) => text,
): Promise<EditedText> => {
  const format = formatOf(name, dialect);
  const document = await format.parse(before);
  const paths = remove.map(parseKeyPath);
  const removed = removeKeys(document, paths, format);
  const merged = mergePatch(removed.document, patch, format);
  const edits = editsBetween(document, merged.document);
  const after = await format.edit(before, edits);
  const asSpelled = paths.filter((path) => !Object.hasOwn(removed.respelled, formatPath(path)));
  const changed = edits.map(({ path }) => path);
  const split = name === 'app.toml' ? splitChange(document, merged.document) : undefined;
  return {
    after,
    changed: changed.map(formatPath),
    unknown: unknownInPatch(name, document, merged.document, asSpelled, dialect),
    ...(split === undefined ? {} : { split }),
    respelled: { ...removed.respelled, ...merged.respelled },
    diff:
      before === after
        ? ''
        : unifiedDiff(show(format.redact(before, [])), show(format.redact(after, changed)), {
            bytes: diffBytes,
            lineCharacters: 160,
          }),
  };
};
