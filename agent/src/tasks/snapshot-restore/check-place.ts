/** A restore replaces the folder of the snapshots as a whole: what speaks against that is told before anything is downloaded. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { fileError, isMissing } from '../../node/file-errors.ts';
import type { NodeHome } from '../../node/node-home.ts';
import { findSnapshotsFolder, type SnapshotsFolder } from '../../node/node-paths.ts';
import { permittedPath } from '../../node/permitted-path.ts';
import { isFolder, metadataName } from '../snapshot/snapshots-folder.ts';
import { isMountPoint } from './mount-points.ts';

/** Throws TaskError `file-invalid`. */
export const checkPlace = async (home: NodeHome, { parent, name, movedBy }: SnapshotsFolder): Promise<void> => {
  if (movedBy !== undefined) await permittedPath(home, `the folder above ${movedBy}`, parent);
  const snapshots = join(parent, name);
  if (!(await isFolder(snapshots))) return;
  await refuseMount(parent, snapshots);
  if (movedBy !== undefined) await refuseOthers(snapshots, movedBy);
};

/** A folder that is a mount cannot be replaced by renaming another into its place. */
const refuseMount = async (parent: string, snapshots: string): Promise<void> => {
  const isOtherVolume = (await lstat(snapshots)).dev !== (await lstat(parent)).dev;
  if (!isOtherVolume && !isMountPoint(snapshots, await mountInfo())) return;
  throw new TaskError(
    'file-invalid',
    `${snapshots} is a mount of its own, which cannot be replaced as a whole: mount the volume at ${parent} instead`,
  );
};

/** Empty if the kernel does not tell. */
const mountInfo = async (): Promise<string> => {
  try {
    return await readFile('/proc/self/mountinfo', 'utf8');
  } catch (error) {
    if (isMissing(error)) return '';
    throw fileError('read', '/proc/self/mountinfo', error);
  }
};

/** The configuration may name any folder by mistake, and what is in it would be lost. */
const refuseOthers = async (snapshots: string, movedBy: string): Promise<void> => {
  let names: readonly string[];
  try {
    names = await readdir(snapshots);
  } catch (error) {
    throw fileError('list', snapshots, error);
  }
  const other = names.find((name) => !/^\d{1,16}$/.test(name) && name !== metadataName);
  if (other === undefined) return;
  throw new TaskError(
    'file-invalid',
    `${snapshots}, which ${movedBy} names, holds ${JSON.stringify(other)}, which is no snapshot and would be lost; nothing was changed: give the snapshots a folder of their own`,
  );
};

/** Throws TaskError `file-changed` if the node will not look for the snapshots where this restore is about to put them. */
export const refuseMoved = async (home: NodeHome, begun: SnapshotsFolder): Promise<void> => {
  const now = await findSnapshotsFolder(home);
  if (now.path === begun.path) return;
  throw new TaskError(
    'file-changed',
    `the node's configuration was changed meanwhile: its snapshots are in ${now.path}, and no longer in ${begun.path}; nothing was changed`,
  );
};
