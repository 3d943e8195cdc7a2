import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mustRun } from '@nodetask/testbed';

/**
 * Writes src/tasks/config/known-keys/{cometbft,app}-keys.json: every key of config.toml that the CometBFT versions below
 * known-keys/cometbft read, and of app.toml that the Cosmos SDK versions below known-keys/sdk read, with its type and default, as the
 * modules themselves tell, and to test/default-files the file that each version writes by itself. Needs Go and the Go module proxy, so that it is no part of `npm run generate`: run it by hand when a version
 * is added. To build the oldest SDK with an empty cache takes some minutes.
 */
const scriptFolder = fileURLToPath(new URL('known-keys/', import.meta.url));
const dataFolder = new URL('../src/tasks/config/known-keys/', import.meta.url);
const defaultFiles = fileURLToPath(new URL('../test/default-files/', import.meta.url));

interface ReadKey {
  readonly key: string;
  /** As Go names it; `deprecated` if the version knows the key only to say that it has no effect. */
  readonly type: string;
  readonly default: unknown;
}

interface KnownKey {
  readonly key: string;
  readonly type: string;
  /** By version, from the first that has the key; a version is left out if it has what the one before it has. */
  readonly defaults: Record<string, unknown>;
  /** The versions that read it; absent if all do. */
  readonly versions?: readonly string[];
}

const keysOf = async (library: string, version: string): Promise<readonly ReadKey[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'nodetask-known-keys-'));
  try {
    await copyFile(join(scriptFolder, 'walk.go'), join(folder, 'walk.go'));
    await copyFile(join(scriptFolder, library, 'main.go'), join(folder, 'main.go'));
    for (const name of ['go.mod', 'go.sum'])
      await copyFile(join(scriptFolder, library, version, name), join(folder, name));
    const run = ['run', '-mod=readonly', '.'];
    const { stdout } = await mustRun('go', run, { cwd: folder, timeoutMs: 1_800_000 });
    await mustRun('go', [...run, join(defaultFiles, `${library}-${version}.toml`)], { cwd: folder });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ReadKey);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const typeOf = ({ type }: ReadKey): string => {
  if (type.startsWith('[]config.')) return 'table[]';
  if (type === '[][]string') return 'string[][]';

  return type === '[]string' ? 'string[]' : type;
};

const merge = (versions: readonly string[], read: readonly (readonly ReadKey[])[]): readonly KnownKey[] => {
  const names = new Set(read.flatMap((keys) => keys.map(({ key }) => key)));
  return [...names].toSorted().map((key) => {
    const found = versions.flatMap((version, index) => {
      const entry = read[index]?.find((candidate) => candidate.key === key);
      return entry === undefined ? [] : [{ version, entry }];
    });
    const types = new Set(found.map(({ entry }) => typeOf(entry)));
    if (types.size > 1) types.delete('deprecated');
    const [type] = types;
    if (type === undefined || types.size > 1) throw new Error(`${key} has the types ${[...types].join(', ')}`);
    const defaults: Record<string, unknown> = {};
    let last: string | undefined;
    for (const { version, entry } of found) {
      const text = JSON.stringify(entry.default);
      if (text !== last) defaults[version] = entry.default;
      last = text;
    }
    return {
      key,
      type,
      defaults,
      ...(found.length < versions.length ? { versions: found.map(({ version }) => version) } : {}),
    };
  });
};

const generate = async (library: string, target: string): Promise<void> => {
  const versions = (await readdir(join(scriptFolder, library), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const read: (readonly ReadKey[])[] = [];
  for (const version of versions) {
    process.stdout.write(`reading the keys of ${library} ${version}\n`);
    read.push(await keysOf(library, version));
  }
  const text = JSON.stringify({ versions, keys: merge(versions, read) }, undefined, 2);
  await writeFile(new URL(target, dataFolder), `${text}\n`);
};

await generate('cometbft', 'cometbft-keys.json');
await generate('sdk', 'app-keys.json');
