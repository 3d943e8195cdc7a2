import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { type PatchableFile, TaskError } from '@nodetask/shared';
import { startChain } from '@nodetask/testbed';
import * as fc from 'fast-check';
import { parse } from 'smol-toml';
import type { KeyPath } from '../src/node/document-value.ts';
import { type NodeHome, nodeHome } from '../src/node/node-home.ts';
import { scanToml } from '../src/node/toml/scan-toml.ts';
import { makeTempHome } from '../src/node/testing/temp-home.ts';
import { integerRange, isIntegerType } from '../src/tasks/config/config-value.ts';
import { placesOf, type RegistryEntry, registry } from '../src/tasks/config/registry.ts';
import { makeSeiHome } from '../src/tasks/testing/sei-home.ts';
import { anyEdit, type Edit, edited, leavesOf, patchParams, withKinded } from './support/config-edits.ts';
import { type ConfigTask, configTask } from './support/config-task.ts';
import { type Kinded, kinded, PythonToml, whyNoPython } from './support/python-toml.ts';

/**
 * 2,000 random runs of config-patch and config-apply over the files that `cometbft init` and a Sei node have, and one with every construct of
 * TOML. Each result is read by a TOML parser that has no part in the agent: it says what was asked for and nothing else, every other line is
 * as it was, and the same task again changes no byte.
 */
const runs = { cometbft: 500, sei: 500, constructs: 400, apply: 600 };

const noPython = whyNoPython();
if (noPython !== undefined) {
  process.stderr.write(
    `WARNING: no python3 with tomllib (${noPython}). The results are read by smol-toml, which the agent checks with too.\n`,
  );
}
/** The keys of the command line's file, with banners and comments as nodes of the Cosmos SDK have them. */
const clientToml = `# Settings of the command line

################################################
###             Command line                 ###
################################################

# Chain to talk to
chain-id = "pacific-1"
# Where keys are kept: os, file, test or memory
keyring-backend = "os"
# text or json
output = "text"
# RPC of the node
node = "tcp://localhost:26657"
# sync, async or block
broadcast-mode = "sync"
`;

const constructs = `# every construct of TOML 1.0
bare_key-1 = "basic \\"string\\" with \\u00e9 \\U0001F600 # no comment" # comment
"quoted key" = 'literal \\ string'
'literal.key' = """
several
lines \\
   folded # no comment
"""
raw = '''
as "it" is \\n
'''
dotted.key.a = 1
dotted."quoted.part".b = 2
hex = 0xDEAD_beef
oct = 0o755
bin = 0b1101_0110
plus = +99
spaced = 1_000_000
max = 9223372036854775807
min = -9223372036854775808
float = 6.626e-34
float2 = 1_000.5
whole = 1.0
infinite = inf
minus_infinite = -inf
yes = true
no = false
odt = 1979-05-27T07:32:00.999-07:00
ldt = 1979-05-27T07:32:00
ld = 1979-05-27
lt = 07:32:00
empty = []
open = [
]
list = [ "a", "b" ]
lines = [ # head
  1,  # one
  2,
  # own line
  3, # last
]
nested = [ [ 1, 2 ], [ "a" ] ]
mixed = [ "a", 1, { x = 1.5 } ]
inline = { a = 1, b = { c = "d" }, "e f" = [ true ] }

  [ indented.table ] # comment
  key   =   "spaces"
[empty-table]
[a.b.c.d]
deep = true

[[products]]
name = "hammer" # first
sku = 738594937
[[products]]
[[products]]
name = "nail"
[products.details]
colour = "grey"

#[commented.out]
#key = 1
[last]
end = "no newline at the end"`;

/** Reads a text as kinded values, by another parser than the agent's. */
type Read = (text: string) => Promise<Kinded>;

const startReader = (t: TestContext): Read => {
  if (noPython !== undefined) {
    t.diagnostic(`read by smol-toml, since there is no python3 with tomllib: ${noPython}`);
    return async (text) => kinded(parse(text, { integersAsBigInt: true }));
  }
  const python = new PythonToml();
  t.after(() => python.close());
  return (text) => python.parse(text);
};

interface Original {
  readonly read: Read;
  readonly home: NodeHome;
  readonly task: ConfigTask;
  readonly texts: ReadonlyMap<PatchableFile, string>;
  readonly documents: ReadonlyMap<PatchableFile, Kinded>;
}

const open = async (t: TestContext, home: NodeHome, names: readonly PatchableFile[]): Promise<Original> => {
  const read = startReader(t);
  const task = configTask(home);
  t.after(() => task.close());
  const texts = new Map<PatchableFile, string>();
  const documents = new Map<PatchableFile, Kinded>();
  for (const name of names) {
    const text = await readFile(join(home.config, name), 'utf8');
    texts.set(name, text);
    documents.set(name, await read(text));
  }
  return { read, home, task, texts, documents };
};

const reset = ({ home, texts }: Original): Promise<unknown> =>
  Promise.all([...texts].map(([name, text]) => writeFile(join(home.config, name), text)));

type TouchingEdit = { readonly path: KeyPath; readonly value?: unknown };

/**
 * Lines of a text that belong to no edit: comments, headers and the other keys. With a key that is removed goes the comment right above it,
 * and blank lines may close up.
 */
const otherLines = (text: string, edits: readonly TouchingEdit[]): readonly string[] => {
  const lines = text.split('\n');
  const lineOf = (offset: number): number => text.slice(0, offset).split('\n').length - 1;
  const gone = new Set<number>();
  for (const statement of scanToml(text).statements) {
    if (statement.kind !== 'pair') continue;
    const own = edits.filter(({ path }) => samePath(path.slice(0, statement.path.length), statement.path));
    if (own.length === 0) continue;
    for (let line = lineOf(statement.start); line <= lineOf(statement.valueEnd); line++) gone.add(line);
    if (own.every(({ value }) => value !== undefined)) continue;
    for (let line = lineOf(statement.start) - 1; lines[line]?.startsWith('#') === true; line--) gone.add(line);
  }
  const isRemoval = edits.some(({ value }) => value === undefined);
  return lines.filter((line, index) => !gone.has(index) && !(isRemoval && line === ''));
};

const assertInOrder = (wanted: readonly string[], text: string): void => {
  const lines = text.split('\n');
  let at = 0;
  for (const line of wanted) {
    const found = lines.indexOf(line, at);
    assert.notEqual(found, -1, `the line ${JSON.stringify(line)} is gone or has moved`);
    at = found + 1;
  }
};

/** Distinct keys, and none below another. */
const distinct = (edits: readonly Edit[]): readonly Edit[] =>
  edits.filter(
    (edit, index) => edits.findIndex(({ file, path }) => file === edit.file && samePath(path, edit.path)) === index,
  );

const samePath = (a: KeyPath, b: KeyPath): boolean => a.join('\0') === b.join('\0');

const patchAtRandom = async (original: Original, numRuns: number, removals: boolean): Promise<number> => {
  const { read, home, task, texts, documents } = original;
  const leaves = [...documents].flatMap(([file, document]) => leavesOf(file, document));
  let changes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(anyEdit(leaves, { removals }), { minLength: 1, maxLength: 5 }), async (all) => {
      const edits = distinct(all);
      await reset(original);
      const params = patchParams(edits);
      const { outcome } = await task.run('config-patch', params);
      if (outcome === 'changed') changes += 1;
      for (const [file, document] of documents) {
        const own = edits.filter((edit) => edit.file === file);
        const text = await readFile(join(home.config, file), 'utf8');
        const old = texts.get(file) ?? '';
        if (own.length === 0) {
          assert.equal(text, old);
          continue;
        }
        assert.deepEqual(await read(text), edited(document, own), text);
        assertInOrder(otherLines(old, own), text);
        const [added, removed] = [
          own.filter(({ path }) => !has(document, path)),
          own.filter(({ value }) => value === undefined),
        ];
        // A list over several lines may become one.
        if (own.every(({ value }) => !Array.isArray(value))) {
          assert.ok(
            text.split('\n').length <=
              old.split('\n').length + added.length - removed.length + (added.length > 0 ? 1 : 0),
          );
        }
      }
      const written = await Promise.all([...texts.keys()].map((file) => readFile(join(home.config, file))));
      assert.equal((await task.run('config-patch', params)).outcome, 'unchanged');
      assert.deepEqual(await Promise.all([...texts.keys()].map((file) => readFile(join(home.config, file)))), written);
    }),
    { numRuns },
  );
  return changes;
};

const has = ([, value]: Kinded, [key = '', ...rest]: KeyPath): boolean => {
  const next = (value as Readonly<Record<string, Kinded>>)[key];
  return next !== undefined && (rest.length === 0 || has(next, rest));
};

/** These leave the file when they have Go's zero, which is tried as often as all other values together. */
const leaveTheFileAtZero =
  /^(?:chain\.freeze_height|storage\.state_(?:commit|store)\.(?:evm_ss_split|(?:read|write)_mode))$/;

/** A key of the registry that a file stores, with the texts that an override may have and what the file then says. */
const overrideOf = (entry: RegistryEntry): fc.Arbitrary<Override> | undefined => {
  const { key, type } = entry;
  if (entry.overridable === false || key === 'version' || key === 'mode' || placesOf(entry).length === 0)
    return undefined;
  const of = (values: fc.Arbitrary<bigint | boolean | number | string>, zero: bigint | boolean | number | string) => {
    const leaves = leaveTheFileAtZero.test(key);
    return (leaves ? fc.oneof(fc.constant(zero), values) : values).map((one): Override => {
      const value = leaves && one === zero ? undefined : kinded(one);
      return { entry, key, text: String(one), value };
    });
  };
  if (isIntegerType(type)) return of(fc.bigInt(integerRange(type)), 0n);
  if (type === 'bool') return of(fc.boolean(), false);
  if (type === 'float64') return of(fc.double({ min: 0, max: 1, noNaN: true }), 0);
  if (type === 'string') return of(fc.string({ unit: 'grapheme', maxLength: 20 }), '');
  return undefined;
};

/** The override that takes such a key out of the file. */
const zeroOf = (entry: RegistryEntry): Override => {
  const { key, type } = entry;
  const text = type === 'bool' ? 'false' : type === 'string' ? '' : '0';
  return { entry, key, text, value: undefined };
};

interface Override {
  readonly entry: RegistryEntry;
  readonly key: string;
  readonly text: string;
  /** Absent: the key is not in the file. */
  readonly value: Kinded | undefined;
}

// Most of the time of each goes into waiting for the disk and the other parser.
describe('2,000 random edits', { concurrency: 4 }, () => {
  test('config-patch of the config.toml of cometbft init', async (t) => {
    const chain = await startChain();
    t.after(() => chain.stop());
    const follower = await chain.addFollower();
    const root = await mkdtemp(join(tmpdir(), 'nodetask-edits-'));
    t.after(() => rm(root, { recursive: true, force: true }));
    await cp(follower.home, root, { recursive: true });
    const original = await open(t, nodeHome(root), ['config.toml']);
    t.diagnostic(`${await patchAtRandom(original, runs.cometbft, true)} of ${runs.cometbft} changed something`);
  });

  test('config-patch of config.toml, app.toml and client.toml of a Sei node, as a unit', async (t) => {
    const home = await makeSeiHome(t);
    await writeFile(join(home.config, 'client.toml'), clientToml);
    const original = await open(t, home, ['config.toml', 'app.toml', 'client.toml']);
    t.diagnostic(`${await patchAtRandom(original, runs.sei, true)} of ${runs.sei} changed something`);
  });

  test('config-patch of a file with every construct of TOML', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'app.toml'), constructs);
    const original = await open(t, home, ['app.toml']);
    t.diagnostic(`${await patchAtRandom(original, runs.constructs, false)} of ${runs.constructs} changed something`);
  });

  test('config-apply of overrides to config.toml and app.toml of a Sei node', async (t) => {
    const original = await open(t, await makeSeiHome(t), ['config.toml', 'app.toml']);
    const { read, home, task, texts, documents } = original;
    const overrides = [...registry().values()].flatMap((entry) => overrideOf(entry) ?? []);
    assert.ok(overrides.length > 100, `${overrides.length} keys`);
    const anyOverrides = fc.uniqueArray(fc.oneof(...overrides), {
      minLength: 1,
      maxLength: 4,
      selector: ({ key }) => key,
    });
    const seen = { changed: 0, unchanged: 0, refused: 0 };
    const removed = new Set<string>();
    const zeros = [...registry().values()].filter(({ key }) => leaveTheFileAtZero.test(key)).map(zeroOf);
    assert.equal(zeros.length, 6);
    await fc.assert(
      fc.asyncProperty(anyOverrides, async (all) => {
        await reset(original);
        const params = { incremental: true, overrides: Object.fromEntries(all.map(({ key, text }) => [key, text])) };
        const end = await task.run('config-apply', params).catch((error: unknown) => error);
        const edits = all.flatMap(({ entry, value }) => placesOf(entry).map((place) => ({ ...place, value })));
        const isRefused = end instanceof TaskError;
        if (isRefused) assert.equal(end.code, 'config-invalid', end.message);
        for (const [file, old] of texts) {
          const text = await readFile(join(home.config, file), 'utf8');
          const own = isRefused ? [] : edits.filter((edit) => edit.file === file);
          if (own.length === 0) {
            assert.equal(text, old);
            continue;
          }
          let wanted = documents.get(file) ?? assert.fail(file);
          for (const { path, value } of own) {
            if (value !== undefined || has(wanted, path)) wanted = withKinded(wanted, path, value);
          }
          assert.deepEqual(await read(text), wanted);
          assertInOrder(otherLines(old, own), text);
        }
        if (isRefused) {
          seen.refused += 1;
          return;
        }
        for (const { key, value } of all) if (value === undefined) removed.add(key);
        seen[(end as { readonly outcome: 'changed' | 'unchanged' }).outcome] += 1;
        assert.equal((await task.run('config-apply', params)).outcome, 'unchanged');
      }),
      { numRuns: runs.apply, examples: zeros.map((zero) => [[zero]]) },
    );
    t.diagnostic(JSON.stringify(seen));
    assert.deepEqual([...removed].toSorted(), zeros.map(({ key }) => key).toSorted());
    assert.ok(seen.changed > runs.apply / 4, JSON.stringify(seen));
  });
});
