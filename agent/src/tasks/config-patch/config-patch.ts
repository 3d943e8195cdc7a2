import {
  type ConfigPatchParams,
  type Dialect,
  type JsonObject,
  type PatchableFile,
  patchableFiles,
  TaskError,
} from '@nodetask/shared';
import { lstat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskHandler, ToldReport } from '../../engine/task-handler.ts';
import { configLock, openConfigFolder } from '../../node/config-folder.ts';
import { fileError, isMissing } from '../../node/file-errors.ts';
import { type FileChange, replaceFiles } from '../../node/file-transaction.ts';
import { maxGenesisBytes } from '../../node/genesis-limit.ts';
import { findConfigFolder, type NodeHome } from '../../node/node-home.ts';
import { findGenesisFile } from '../../node/node-paths.ts';
import { finishFiles, pledgeFiles } from '../../node/pledge-files.ts';
import { readTextFile } from '../../node/read-file.ts';
import { openTemporary } from '../../node/temporary-file.ts';
import { type Changes, changesOutput, joinChanges, sayChanges, sayDryRun } from '../config/changes.ts';
import { readConfigFile } from '../config/config-files.ts';
import { readConfigToml } from '../config/config-toml.ts';
import { type AskDialect, askNobody } from '../config/dialect/ask-dialect.ts';
import { stateOfAny } from '../config/node-state.ts';
import { refuseHistoryLoss } from '../config/refuse-history-loss.ts';
import { afterRestart } from '../after-restart.ts';
import { alreadyAsWanted } from '../already-as-wanted.ts';
import { nothingDone } from '../nothing-done.ts';
import { checkParams } from './check-params.ts';
import { formatOf, maxParsedJsonBytes } from './document-format.ts';
import { editFileAside, editTextAside } from './edit-aside.ts';
import type { FileEditJob } from './edit-file.ts';
import type { EditedText } from './edit-text.ts';
import { refuseSplit } from './refuse-split.ts';
import { refuseUnknown, type UnknownInPatch, withUnknown } from './unknown-keys.ts';

/**
 * config-patch: merges patches into files under config/, all of them or none, and reports what changed and which keys are not known. Everything but the changed values
 * stays as it is, byte for byte. A change that would make the node delete history fails, unless `allowHistoryLoss` is set.
 * Output: `{reason?, changes: [{file, key, from?, to?}], changesOmitted?, respelled?: {<file>: {<asked>: <used>}}, unknownKeys?}`.
 */
export const configPatch = (home: NodeHome, ask: AskDialect = askNobody): TaskHandler<ConfigPatchParams> => ({
  interrupted: 'run-again',
  locks: () => [configLock],
  check: checkParams,
  finish: finishFiles(home),
  run: async (context) => {
    const { params, signal, logger } = context;
    const folder = await openConfigFolder(home, logger);
    const names = patchableFiles.filter((file) => params.files?.[file] ?? params.remove?.[file]);
    if (names.includes('genesis.json')) await refuseUnreadGenesis(home);
    const edited: EditedFile[] = [];
    let isHandedOver = false;
    try {
      for (const [done, name] of names.entries()) {
        signal.throwIfAborted();
        context.progress({ stage: 'edit', done, total: names.length, unit: 'files' });
        edited.push(await editOne(name, params, { folder, ask, signal }));
      }
      signal.throwIfAborted();
      refuseUnknown(params, unknownIn(edited));
      for (const { split } of edited) await refuseSplit(home, split);
      const warnings = await refuseLosses(home, params, edited);
      const files = edited.flatMap(({ name, content }) => (content === undefined ? [] : [{ name, content }]));
      const report = withUnknown(reportOf(params, edited, warnings), unknownIn(edited));
      if (params.dryRun || files.length === 0) return report;
      await pledgeFiles(context, folder, files, report);
      // From here on recovery knows what becomes of temporary files.
      isHandedOver = true;
      await replaceFiles(folder, files);
      logger.info('patched config files', { files: files.map(({ name }) => name) });
      return report;
    } finally {
      if (!isHandedOver) await removeTemporaries(folder, edited);
    }
  },
});

const reportOf = (
  params: ConfigPatchParams,
  edited: readonly EditedFile[],
  warnings: readonly string[],
): ToldReport => {
  const output = describe(edited);
  if (!edited.some(({ isChanged }) => isChanged))
    return alreadyAsWanted(
      edited.map(({ name }) => name),
      output,
    );
  const said = sayChanges(changesIn(edited));
  return {
    ...(params.dryRun
      ? nothingDone('dry-run', sayDryRun(said), output)
      : {
          outcome: 'changed',
          message: `${said}; ${afterRestart}`,
          numbers: { changes: changesIn(edited).count },
          output,
        }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
};

const refuseLosses = async (
  home: NodeHome,
  { allowHistoryLoss }: ConfigPatchParams,
  edited: readonly EditedFile[],
): Promise<readonly string[]> =>
  refuseHistoryLoss({
    losses: edited.flatMap(({ losses }) => losses),
    isAllowed: allowHistoryLoss === true,
    findState: async () => {
      const folder = await findConfigFolder(home);
      const app = folder === undefined ? undefined : await readConfigFile(folder, 'app.toml');
      return stateOfAny(home, app?.document ?? {});
    },
    output: describe(edited),
  });

/** An edit of a file that the node does not read would be a success without effect. */
const refuseUnreadGenesis = async (home: NodeHome): Promise<void> => {
  const { path, movedBy } = await findGenesisFile(home);
  if (movedBy === undefined) return;
  throw new TaskError(
    'file-invalid',
    `${movedBy} has the node read its genesis from ${path}, and this task edits config/genesis.json only; nothing was changed: edit the other file by hand, or write it by configure-genesis`,
  );
};

interface EditedFile extends Omit<EditedText, 'after'> {
  readonly name: PatchableFile;
  readonly isChanged: boolean;
  /** The new content; absent where there is nothing to write. */
  readonly content?: FileChange['content'];
}

const unknownIn = (edited: readonly EditedFile[]): readonly UnknownInPatch[] => edited.map(({ unknown }) => unknown);

const changesIn = (edited: readonly EditedFile[]): Changes => joinChanges(edited.map(({ changes }) => changes));

interface EditOptions {
  readonly folder: string;
  readonly ask: AskDialect;
  readonly signal: AbortSignal;
}

const editOne = async (name: PatchableFile, params: ConfigPatchParams, options: EditOptions): Promise<EditedFile> => {
  const { folder, ask, signal } = options;
  const path = join(folder, name);
  const job = {
    name,
    patch: params.files?.[name] ?? {},
    remove: params.remove?.[name] ?? [],
  };
  if (formatOf(name).kind === 'json' && (await sizeOf(path)) > maxParsedJsonBytes) {
    return editLarge({ ...job, path, maxBytes: maxGenesisBytes }, params.dryRun, folder, signal);
  }
  const before = await readTextFile(path, formatOf(name).maxBytes);
  if (before === undefined) {
    throw new TaskError(
      'file-missing',
      `${path} does not exist: create it first, for instance with a config-apply or configure-genesis task; config-patch only edits`,
    );
  }
  const textJob = { ...job, before };
  const decide = async (): Promise<Dialect> =>
    (await readConfigToml(folder, { asked: params.dialect, ask, signal })).dialect;
  if (name === 'config.toml' && params.dialect !== undefined) {
    return editedFile(name, before, await editTextAside({ ...textJob, dialect: await decide() }, signal));
  }
  try {
    return editedFile(name, before, await editTextAside(textJob, signal));
  } catch (error) {
    // Most patches name keys that the file has, and need no answer to whose file it is.
    if (!(error instanceof TaskError) || error.code !== 'dialect-unknown') throw error;
    return editedFile(name, before, await editTextAside({ ...textJob, dialect: await decide() }, signal));
  }
};

const editedFile = (name: PatchableFile, before: string, { after, ...edited }: EditedText): EditedFile =>
  after === before ? { name, isChanged: false, ...edited } : { name, isChanged: true, content: after, ...edited };

/** The new content goes into a temporary file beside the old one, never into memory. */
const editLarge = async (
  job: FileEditJob,
  isDryRun: boolean,
  folder: string,
  signal: AbortSignal,
): Promise<EditedFile> => {
  const { name } = job;
  if (isDryRun) return { name, ...(await editFileAside(job, signal)) };
  const temporary = await openTemporary(folder, name);
  await temporary.file.close();
  const content = { temporary: temporary.name };
  try {
    const edited = await editFileAside({ ...job, temporary: join(folder, temporary.name) }, signal);
    if (!edited.isChanged) await removeTemporary(folder, temporary.name);
    return edited.isChanged ? { name, content, ...edited } : { name, ...edited };
  } catch (error) {
    await removeTemporary(folder, temporary.name);
    throw error;
  }
};

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw fileError('look at', path, error);
  }
};

const removeTemporaries = async (folder: string, edited: readonly EditedFile[]): Promise<void> => {
  for (const { content } of edited) {
    if (typeof content === 'object' && 'temporary' in content) await removeTemporary(folder, content.temporary);
  }
};

const removeTemporary = async (folder: string, name: string): Promise<void> => {
  await unlink(join(folder, name)).catch((error: unknown) => {
    if (!isMissing(error)) throw fileError('remove', join(folder, name), error);
  });
};

const describe = (edited: readonly EditedFile[]): JsonObject => {
  const respelled = edited.flatMap(({ name, respelled: all }): readonly (readonly [string, JsonObject])[] => {
    const spellings = Object.entries(all)
      .filter(([asked, used]) => asked.length + used.length < 120)
      .slice(0, 4);
    return spellings.length === 0 ? [] : [[name, Object.fromEntries(spellings)]];
  });
  return {
    ...changesOutput(changesIn(edited)),
    ...(respelled.length === 0 ? {} : { respelled: Object.fromEntries(respelled) }),
  };
};
