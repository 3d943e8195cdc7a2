import {
  type ConfigPatchParams,
  type JsonObject,
  type PatchableFile,
  patchableFiles,
  TaskError,
} from '@nodetask/shared';
import { join } from 'node:path';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import { editsBetween, formatPath, type KeyPath } from '../../node/document-value.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { readTextFile } from '../../node/read-file.ts';
import { unifiedDiff } from '../unified-diff.ts';
import { checkParams } from './check-params.ts';
import { formatOf } from './document-format.ts';
import { parseKeyPath } from './key-path.ts';
import { mergePatch, removeKeys } from './merge-patch.ts';

/**
 * config-patch: merges patches into files under config/, all of them or none, and reports what changed. Everything but the changed values
 * stays as it is, byte for byte. Output: `{reason?, files: {<name>: {changed, changedCount?, respelled?, diff?}}}`.
 */
export const configPatch = (home: NodeHome): TaskHandler<ConfigPatchParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: checkParams,
  run: async (context) => {
    const { params, signal, logger } = context;
    const folder = await openConfigFolder(home, logger);
    const names = patchableFiles.filter((file) => params.files?.[file] ?? params.remove?.[file]);
    const edited: EditedFile[] = [];
    for (const [done, name] of names.entries()) {
      signal.throwIfAborted();
      context.progress({ stage: 'edit', done, total: names.length, unit: 'files' });
      edited.push(await editFile(folder, name, params));
    }
    const changed = edited.filter((file) => file.after !== file.before);
    signal.throwIfAborted();
    if (!params.dryRun && changed.length > 0) {
      await replaceFiles(
        folder,
        changed.map(({ name, after }) => ({ name, content: after })),
      );
      logger.info('patched config files', { files: changed.map(({ name }) => name) });
    }
    const reason = changed.length === 0 ? 'already-as-wanted' : params.dryRun ? 'dry-run' : undefined;
    return {
      outcome: changed.length === 0 ? 'unchanged' : params.dryRun ? 'skipped' : 'changed',
      output: { ...(reason === undefined ? {} : { reason }), ...describe(edited) },
    };
  },
});

interface EditedFile {
  readonly name: PatchableFile;
  readonly before: string;
  readonly after: string;
  readonly changed: readonly KeyPath[];
  readonly respelled: Readonly<Record<string, string>>;
}

const editFile = async (folder: string, name: PatchableFile, params: ConfigPatchParams): Promise<EditedFile> => {
  const format = formatOf(name);
  const path = join(folder, name);
  const before = await readTextFile(path, format.maxBytes);
  if (before === undefined) {
    throw new TaskError(
      'file-missing',
      `${path} does not exist: create it first, for instance with a config-apply or configure-genesis task; config-patch only edits`,
    );
  }
  const document = await format.parse(before);
  const removed = removeKeys(document, (params.remove?.[name] ?? []).map(parseKeyPath), format);
  const merged = mergePatch(removed.document, params.files?.[name] ?? {}, format);
  const edits = editsBetween(document, merged.document);
  return {
    name,
    before,
    after: await format.edit(before, edits),
    changed: edits.map((edit) => edit.path),
    respelled: { ...removed.respelled, ...merged.respelled },
  };
};

/** Leaves room for the names of the files and the frame below the 16 KiB that an output may have. */
const outputBytes = { diffs: 8 * 1024, keys: 5 * 1024 };

const describe = (edited: readonly EditedFile[]): JsonObject => {
  const share = (bytes: number): number => Math.floor(bytes / Math.max(1, edited.length));
  const files = edited.map(({ name, before, after, changed, respelled }): readonly [string, JsonObject] => {
    const format = formatOf(name);
    const diff =
      before === after
        ? ''
        : unifiedDiff(format.redact(before, []), format.redact(after, changed), {
            bytes: share(outputBytes.diffs),
            lineCharacters: 160,
          });
    const keys = fitting(changed.map(formatPath), share(outputBytes.keys));
    const spellings = Object.entries(respelled)
      .filter(([asked, used]) => asked.length + used.length < 120)
      .slice(0, 4);
    return [
      name,
      {
        changed: keys,
        ...(keys.length < changed.length ? { changedCount: changed.length } : {}),
        ...(spellings.length > 0 ? { respelled: Object.fromEntries(spellings) } : {}),
        ...(diff === '' ? {} : { diff }),
      },
    ];
  });
  return { files: Object.fromEntries(files) };
};

/** As many of the keys, in order, as the bytes allow. */
const fitting = (keys: readonly string[], bytes: number): readonly string[] => {
  let left = bytes;
  return keys.filter((key) => (left -= Buffer.byteLength(JSON.stringify(key)) + 1) >= 0);
};
