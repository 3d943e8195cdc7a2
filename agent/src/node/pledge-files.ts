/** Tasks that replace files under config/ pledge the hashes of the new ones: if they are there after a kill, the run has changed them. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { JsonObject, Logger } from '@nodetask/shared';
import * as z from 'zod';
import type { Pledge, TaskContext, TaskReport } from '../engine/task-handler.ts';
import { openConfigFolder } from './config-folder.ts';
import { isMissing } from './file-errors.ts';
import { type FileChange, sha256OfFile } from './file-transaction.ts';
import type { NodeHome } from './node-home.ts';

const proofSchema = z.looseObject({ files: z.record(z.string(), z.string()) });

/** Call it just before the files are replaced. `more` comes back with the proof. */
export const pledgeFiles = async (
  context: Pick<TaskContext<unknown>, 'pledge'>,
  folder: string,
  changes: readonly FileChange[],
  report: TaskReport,
  more: JsonObject = {},
): Promise<void> => {
  const files: Record<string, string> = {};
  for (const { name, content } of changes) files[name] = await sha256Of(folder, content);
  context.pledge({ report, proof: { ...more, ...filesProof(files) } });
};

/** The proof for files whose SHA-256 is known, by their names. */
export const filesProof = (files: Readonly<Record<string, string>>): JsonObject => ({ files });

/**
 * What a run came to that pledged files: its report if they are in place. For `finish` of a handler, with the lock of config/ held. `openFolder`
 * completes or undoes what a crash interrupted in their folder, and answers its path.
 */
export const finishFilesIn =
  (openFolder: (logger: Logger) => Promise<string>) =>
  async (
    { logger }: Pick<TaskContext<unknown>, 'logger'>,
    { report, proof }: Pledge,
  ): Promise<TaskReport | undefined> => {
    const { files } = proofSchema.parse(proof);
    const folder = await openFolder(logger);
    for (const [name, sha256] of Object.entries(files)) {
      if ((await sha256If(join(folder, name))) !== sha256) return undefined;
    }
    logger.info('the interrupted run had replaced its files', { files: Object.keys(files) });
    return report;
  };

/** The same for files in config/. */
export const finishFiles = (home: NodeHome) => finishFilesIn((logger) => openConfigFolder(home, logger));

const sha256Of = (folder: string, content: FileChange['content']): string | Promise<string> => {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    return createHash('sha256').update(content).digest('hex');
  }
  return sha256OfFile(join(folder, content.temporary));
};

/** Undefined where the file is missing. */
const sha256If = async (path: string): Promise<string | undefined> => {
  try {
    return await sha256OfFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
