import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import type { NodeHome } from '../../src/node/node-home.ts';

export interface WrittenEntry {
  readonly height: number;
  readonly format?: number;
  readonly chunks?: number;
  /** Instead of a message of the SDK. */
  readonly value?: Buffer;
}

const varint = (number: number): number[] =>
  number < 0x80 ? [number] : [(number % 0x80) | 0x80, ...varint(Math.floor(number / 0x80))];

/** A message Snapshot as the SDK's generated code writes it: with a hash, and metadata with a hash for each chunk. */
const message = ({ height, format = 1, chunks = 2 }: WrittenEntry): Buffer => {
  const hashes = Array.from({ length: chunks }, () => [0x0a, 32, ...Buffer.alloc(32, 7)]).flat();
  const hash = [0x22, 32, ...Buffer.alloc(32, 9)];
  const numbers = [0x08, ...varint(height), 0x10, ...varint(format), 0x18, ...varint(chunks)];
  return Buffer.from([...numbers, ...hash, 0x2a, ...varint(hashes.length), ...hashes]);
};

const keyOf = ({ height, format = 1 }: WrittenEntry): Buffer => {
  const key = Buffer.alloc(13);
  key[0] = 1;
  key.writeBigUInt64BE(BigInt(height), 1);
  key.writeUInt32BE(format, 9);
  return key;
};

/** A metadata.db in a folder of snapshots that lists these. */
export const writeStore = async (folder: string, entries: readonly WrittenEntry[]): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const store = new ClassicLevel<Buffer, Buffer>(join(folder, 'metadata.db'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await store.open();
  for (const entry of entries) await store.put(keyOf(entry), entry.value ?? message(entry), { sync: true });
  await store.close();
};

/** The heights that the metadata.db in a folder of snapshots lists. Opens it in place: no node may have it open. */
export const listedHeights = async (folder: string, name = 'metadata.db'): Promise<readonly number[]> => {
  const store = new ClassicLevel<Buffer, Buffer>(join(folder, name), {
    keyEncoding: 'buffer',
    createIfMissing: false,
  });
  await store.open();
  const keys = await store.keys().all();
  await store.close();
  return keys.map((key) => Number(key.readBigUInt64BE(1)));
};

type State = 'full' | 'partial' | 'empty' | 'gone';

/** Heights in one of several states, as `200:full,300:partial`; `full` has 3 chunks. Answers those that are full. */
export const writeHeights = async (home: NodeHome, spec: string): Promise<readonly number[]> => {
  const full: number[] = [];
  for (const part of spec.split(',')) {
    const [height = '', state] = part.split(':') as [string?, State?];
    if (state === 'full' || state === 'gone') full.push(Number(height));
    if (state === 'gone') continue;
    const folder = join(home.data, 'snapshots', height);
    await mkdir(state === 'empty' ? folder : join(folder, '1'), { recursive: true });
    const chunks = { full: 3, partial: 1, empty: 0 }[state ?? 'full'];
    for (let chunk = 0; chunk < chunks; chunk++) {
      await writeFile(join(folder, '1', String(chunk)), `chunk ${String(chunk)} of ${height}`);
    }
  }
  return full;
};

/** The same with a metadata.db that lists those that are full, and those whose folder is gone. */
export const writeListedHeights = async (home: NodeHome, spec: string): Promise<void> => {
  const listed = await writeHeights(home, spec);
  await writeStore(
    join(home.data, 'snapshots'),
    listed.map((height) => ({ height, chunks: 3 })),
  );
};
