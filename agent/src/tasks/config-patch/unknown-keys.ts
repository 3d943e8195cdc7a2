import { type ConfigPatchParams, type Dialect, type PatchableFile, TaskError } from '@nodetask/shared';
import type { ToldReport } from '../../engine/task-handler.ts';
import { type DocumentTable, type KeyPath } from '../../node/document-value.ts';
import { evidenceInApp, evidenceInConfig, judge } from '../config/dialect/evidence.ts';
import { fittingBytes, joinCounted } from '../bounded-list.ts';
import { findAddedUnknown, findMissingRemovals, type UnknownKeys } from '../config/unknown-keys/find-unknown-keys.ts';
import { nameAll, warningsOf } from '../config/unknown-keys/say-unknown.ts';

/** The keys of a patch that nobody knows. */
export interface UnknownInPatch {
  readonly added: UnknownKeys;
  /** Near to a key that the file has; there is nothing to remove. */
  readonly notRemoved: UnknownKeys;
}

/** @param dialect that of config.toml, where it was asked for; else what the keys of the file tell counts, and the keys of both if they tell nothing */
export const unknownInPatch = (
  file: PatchableFile,
  before: DocumentTable,
  after: DocumentTable,
  removed: readonly KeyPath[],
  dialect: Dialect | undefined,
): UnknownInPatch => {
  const whose = dialect ?? dialectShown(file, before);
  return {
    added: findAddedUnknown(file, before, after, whose),
    notRemoved: findMissingRemovals(file, before, removed, whose),
  };
};

const dialectShown = (file: PatchableFile, document: DocumentTable): Dialect | undefined => {
  if (file !== 'config.toml' && file !== 'app.toml') return undefined;
  const verdict = judge(file === 'config.toml' ? evidenceInConfig(document) : evidenceInApp(document));
  return verdict.kind === 'clear' ? verdict.dialect : undefined;
};

/** Throws TaskError `unknown-key` if the patch adds one and the task is strict. */
export const refuseUnknown = ({ strict }: ConfigPatchParams, files: readonly UnknownInPatch[]): void => {
  const added = joinCounted(files.map((file) => file.added));
  if (strict !== true || added.count === 0) return;
  throw new TaskError(
    'unknown-key',
    `strict is set, and ${plural(added.count)} not known: ${nameAll(added, 5)}; nothing was written: correct the key, or leave strict out if the node reads it`,
    { output: { unknownKeys: withinBytes(added) } },
  );
};

/** The report of a patch, with what is doubtful about it. */
export const withUnknown = (report: ToldReport, files: readonly UnknownInPatch[]): ToldReport => {
  const added = joinCounted(files.map((file) => file.added));
  const notRemoved = joinCounted(files.map((file) => file.notRemoved));
  if (added.count === 0 && notRemoved.count === 0) return report;
  const all = joinCounted([added, notRemoved]);
  const listed = withinBytes(all);
  const sentences = [
    report.message,
    ...(added.count === 0 ? [] : [`${plural(added.count)} new to the file and not known: ${nameAll(added)}`]),
    ...(notRemoved.count === 0 ? [] : [`${plural(notRemoved.count)} not there to be removed: ${nameAll(notRemoved)}`]),
  ];
  return {
    ...report,
    message: sentences.join('. '),
    output: {
      ...report.output,
      unknownKeys: listed,
      ...(listed.length < all.count ? { unknownKeyCount: all.count } : {}),
    },
    warnings: [
      ...(report.warnings ?? []),
      ...warningsOf(added, (named) => `${named} is new to the file, and no node is known to read it`),
      ...warningsOf(notRemoved, (named) => `${named} is not there to be removed`),
    ],
  };
};

const plural = (count: number): string => (count === 1 ? '1 key is' : `${count} keys are`);

/** The share of the 16 KiB of an output that the list may take. */
const listBytes = 2 * 1024;

const withinBytes = ({ listed }: UnknownKeys): readonly Record<string, string>[] =>
  fittingBytes(listed, listBytes).map((unknown) => ({ ...unknown }));
