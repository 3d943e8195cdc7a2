import {
  type ConfigPatchParams,
  type Dialect,
  type JsonObject,
  type PatchableFile,
  patchableFiles,
  TaskError,
} from '@nodetask/shared';
import { join } from 'node:path';
import type { TaskHandler } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import { replaceFiles } from '../../node/file-transaction.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { readTextFile } from '../../node/read-file.ts';
import { readConfigToml } from '../config/config-toml.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { checkParams } from './check-params.ts';
import { formatOf } from './document-format.ts';
import { editAside } from './edit-aside.ts';
import type { EditedText } from './edit-text.ts';

/**
 * config-patch: merges patches into files under config/, all of them or none, and reports what changed. Everything but the changed values
 * stays as it is, byte for byte. Output: `{reason?, files: {<name>: {changed, changedCount?, respelled?, diff?}}}`.
 */
export const configPatch = (home: NodeHome, ask: AskDialect = askNobody): TaskHandler<ConfigPatchParams> => ({
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
      edited.push(await editFile(name, params, { folder, files: names.length, ask, signal }));
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

interface EditedFile extends EditedText {
  readonly name: PatchableFile;
  readonly before: string;
}

/** Leaves room for the names of the files and the frame below the 16 KiB that an output may have. */
const outputBytes = { diffs: 8 * 1024, keys: 5 * 1024 };

const share = (bytes: number, files: number): number => Math.floor(bytes / Math.max(1, files));

interface EditOptions {
  readonly folder: string;
  /** How many files the task edits. */
  readonly files: number;
  readonly ask: AskDialect;
  readonly signal: AbortSignal;
}

const editFile = async (
  name: PatchableFile,
  params: ConfigPatchParams,
  { folder, files, ask, signal }: EditOptions,
): Promise<EditedFile> => {
  const path = join(folder, name);
  const before = await readTextFile(path, formatOf(name).maxBytes);
  if (before === undefined) {
    throw new TaskError(
      'file-missing',
      `${path} does not exist: create it first, for instance with a config-apply or configure-genesis task; config-patch only edits`,
    );
  }
  const patch = params.files?.[name] ?? {};
  const job = { name, before, patch, remove: params.remove?.[name] ?? [], diffBytes: share(outputBytes.diffs, files) };
  const decide = async (): Promise<Dialect> =>
    (await readConfigToml(folder, { asked: params.dialect, ask, signal })).dialect;
  if (name === 'config.toml' && params.dialect !== undefined) {
    return { name, before, ...(await editAside({ ...job, dialect: await decide() }, signal)) };
  }
  try {
    return { name, before, ...(await editAside(job, signal)) };
  } catch (error) {
    // Most patches name keys that the file has, and need no answer to whose file it is.
    if (!(error instanceof TaskError) || error.code !== 'dialect-unknown') throw error;
    return { name, before, ...(await editAside({ ...job, dialect: await decide() }, signal)) };
  }
};

const describe = (edited: readonly EditedFile[]): JsonObject => {
  const files = edited.map(({ name, changed, respelled, diff }): readonly [string, JsonObject] => {
    const keys = fitting(changed, share(outputBytes.keys, edited.length));
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
