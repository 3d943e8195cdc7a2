import type { Dialect, PatchableFile } from '@nodetask/shared';
import { editsBetween, formatPath } from '../../node/document-value.ts';
import { type Change, type Changes, changesOf } from '../config/changes.ts';
import { historyLosses } from '../config/history-loss.ts';
import { type SplitChange, splitChange } from '../config/split-change.ts';
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
}

export interface EditedText {
  readonly after: string;
  readonly changes: Changes;
  /** The changes that make the node delete history. */
  readonly losses: readonly Change[];
  readonly respelled: Readonly<Record<string, string>>;
  readonly unknown: UnknownInPatch;
  /** Of app.toml. */
  readonly split?: SplitChange;
}

/** Merges a patch into a text. Pure; throws TaskError. It takes its time: see `editAside`. */
export const editText = async ({ name, before, dialect, patch, remove }: EditJob): Promise<EditedText> => {
  const format = formatOf(name, dialect);
  const document = await format.parse(before);
  const paths = remove.map(parseKeyPath);
  const removed = removeKeys(document, paths, format);
  const merged = mergePatch(removed.document, patch, format);
  const edits = editsBetween(document, merged.document);
  const after = await format.edit(before, edits);
  const asSpelled = paths.filter((path) => !Object.hasOwn(removed.respelled, formatPath(path)));
  const split = name === 'app.toml' ? splitChange(document, merged.document) : undefined;
  return {
    after,
    changes: changesOf(name, document, edits),
    losses: name === 'app.toml' ? historyLosses(document, merged.document) : [],
    unknown: unknownInPatch(name, document, merged.document, asSpelled, dialect),
    ...(split === undefined ? {} : { split }),
    respelled: { ...removed.respelled, ...merged.respelled },
  };
};
