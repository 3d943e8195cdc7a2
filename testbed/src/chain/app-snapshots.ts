/**
 * The snapshots of CometBFT's e2e application in the layout of a Sei node. A Sei node, as every chain of the Cosmos SDK, writes
 * data/snapshots/<height>/<format>/<chunk>; the e2e application keeps data/app/snapshots/<height>.json and metadata.json, and cuts a file
 * into chunks when somebody asks for them.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

const Metadata = z.array(z.object({ height: z.number().int(), format: z.number().int(), chunks: z.number().int() }));

/** As the application cuts. */
const CHUNK_BYTES = 1_000_000;
/** The application removes its older ones at any time; these stay for a while. */
const NEWEST = 2;

export const snapshotsFolder = (home: string): string => join(home, 'data', 'snapshots');

/** Lays out the newest snapshots that the application has taken, two at most; answers their heights, lowest first. */
export const layOutSnapshots = async (home: string): Promise<readonly number[]> => {
  const source = join(home, 'data', 'app', 'snapshots');
  const all = Metadata.parse(JSON.parse(await readFile(join(source, 'metadata.json'), 'utf8')));
  const snapshots = all.toSorted((a, b) => a.height - b.height).slice(-NEWEST);
  for (const { height, format, chunks } of snapshots) {
    const content = await readFile(join(source, `${height}.json`));
    const target = join(snapshotsFolder(home), String(height), String(format));
    await mkdir(target, { recursive: true });
    for (let chunk = 0; chunk < chunks; chunk++) {
      const bytes = content.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
      await writeFile(join(target, String(chunk)), bytes);
    }
  }
  return snapshots.map(({ height }) => height);
};
