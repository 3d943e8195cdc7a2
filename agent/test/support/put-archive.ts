import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { S3Server } from '@nodetask/testbed';
import type { NodeHome } from '../../src/node/node-home.ts';
import { testBucket } from './object-store.ts';

/** Puts an archive of all that a home has below data/snapshots into the bucket, as an older agent or another program may have done. */
export const putArchive = async (s3: S3Server, home: NodeHome, key: string): Promise<void> => {
  const folder = join(home.data, 'snapshots');
  const file = join(home.root, 'archive.tar.gz');
  await promisify(execFile)('tar', ['-czf', file, '-C', folder, ...(await readdir(folder))]);
  await s3.files.put(testBucket, key, await readFile(file));
};
