import { createCipheriv } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the files hold: chunks of state sync are compressed already, other data is not. */
export type DataKind = 'chunks' | 'mixed';

/** The same bytes in every run, which no compressor makes smaller. */
const noise = (seed: number, bytes: number): Buffer => {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
};

/** Much as an export of accounts looks: keys of random bytes, amounts as text. */
const records = (seed: number, bytes: number): Buffer => {
  const keys = noise(seed, Math.ceil(bytes / 3));
  const out = Buffer.alloc(bytes);
  let at = 0;
  for (let index = 0; at < bytes; index++) {
    at += out.write('wasm/contract/', at, 'latin1');
    at += keys.copy(out, at, (index * 20) % (keys.length - 20), ((index * 20) % (keys.length - 20)) + 20);
    at += out.write(`{"denom":"usei","amount":"${String((index * 7919 + seed) % 1_000_003)}"}`, at, 'latin1');
  }
  return out;
};

/**
 * Fills a snapshot folder: so many files of the same size on the average, some of them ten times as large, nested, with dotfiles, empty
 * files and names in UTF-8.
 */
export const writeTestSnapshot = async (
  folder: string,
  options: { readonly bytes: number; readonly files: number; readonly kind: DataKind },
): Promise<void> => {
  const perFile = options.bytes / options.files;
  for (let index = 0; index < options.files; index++) {
    const group = join(folder, String(index % 16), String(index % 256));
    if (index < 256) await mkdir(group, { recursive: true });
    // Nine small files and one large one make the average.
    const bytes = Math.round(index % 10 === 0 ? perFile * 5.5 : perFile * 0.5);
    const name =
      index % 100 === 0 ? `.dot-${String(index)}` : index % 100 === 1 ? `größe-漢字-${String(index)}` : String(index);
    const make = options.kind === 'chunks' || index % 20 < 10 ? noise : records;
    await writeFile(join(group, name), make(index, bytes));
  }
  await writeFile(join(folder, 'empty'), '');
};
