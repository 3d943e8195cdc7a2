import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PythonJudge } from './python-judge.ts';
import { tryFiles } from './rounds.ts';

const folder = fileURLToPath(new URL('files/', import.meta.url));
const files = (await readdir(folder)).toSorted().map((name) => join(folder, name));
const makeTempFolder = async (t: TestContext): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'nodetask-toml-files-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
};

const inMinutes = (minutes: number): number => Date.now() + minutes * 60_000;

test('twenty files of all shapes are edited without a wrong byte or value', async () => {
  const { done, failures, skipped } = await tryFiles(files, 1, inMinutes(5));
  assert.deepEqual(failures, []);
  assert.deepEqual(skipped, []);
  assert.equal(files.length, 20);
  assert.equal(done.get('no-op'), files.length);
  assert.equal(done.get('new-section'), files.length);
  for (const [kind, least] of [
    ['edit', 60],
    ['list', 10],
    ['new-key', 40],
    ['remove', 40],
    ['remove-section', 10],
  ] as const) {
    assert.ok((done.get(kind) ?? 0) >= least, `${kind}: ${String(done.get(kind))}`);
  }
});

test('files that are no TOML are refused, and stay as they are', async (t) => {
  const temp = await makeTempFolder(t);
  const invalid: Readonly<Record<string, string | Buffer>> = {
    'latin-1': Buffer.from('a = "caf\u00e9"\n', 'latin1'),
    nul: 'a = "x\0y"\n',
    'nul-in-comment': '# \0\na = 1\n',
    'bare-cr': 'a = 1\rb = 2\n',
    'duplicate-key': 'a = 1\na = 2\n',
    'duplicate-table': '[a]\nx = 1\n[b]\n[a]\ny = 2\n',
    'table-over-key': 'a = 1\n[a.b]\n',
    'open-string': 'a = "x\nb = 1\n',
    'open-list': 'a = [1,\n',
    'leading-zero': 'a = 007\n',
    'no-value': 'a =\n',
  };
  const paths = await Promise.all(
    Object.entries(invalid).map(async ([name, content]) => {
      const path = join(temp, `${name}.toml`);
      await writeFile(path, content);
      return path;
    }),
  );
  const { done, failures } = await tryFiles(paths, 1, inMinutes(1));
  assert.deepEqual(failures, []);
  assert.deepEqual([...done], [['refusal', paths.length]]);
});

const isA = (path: unknown): boolean => JSON.stringify(path) === '["a"]';

test('the judge sees each byte that an edit must not touch, and each wrong value', async () => {
  await using judge = new PythonJudge();
  const text = '# head\na = 1 # one\n# of b\nb = [ "x" ]\n\n[t]\n# of c\nc = true\n';
  const plan = await judge.plan(Buffer.from(text), 1);
  assert.ok('operations' in plan);
  const judged = async (kind: string, after: string, of: (key: unknown) => boolean = () => true): Promise<unknown> => {
    const operation = plan.operations.find((one) => one.kind === kind && of(one['path']));
    assert.ok(operation !== undefined, kind);
    return judge.judge(operation, Buffer.from(after));
  };
  assert.equal(await judged('no-op', text), undefined);
  assert.match(String(await judged('no-op', text.replace('# of b', '# of  b'))), /^line 3: wanted /);
  const edited = text.replace('a = 1', 'a = 2');
  assert.equal(await judged('edit', edited, isA), undefined);
  for (const [what, wrong] of [
    ['a lost comment', edited.replace(' # one', '')],
    ['another blank', edited.replace('a = ', 'a =')],
    ['another line', edited.replace('# of c', '#')],
    ['another value', text.replace('a = 1', 'a = 3')],
    ['another type', text.replace('a = 1', 'a = 2.0')],
    ['a key beside it', text.replace('a = 1', 'a = 2\nz = 1')],
    ['no TOML', text.replace('a = 1', 'a = = 2')],
    ['other line ends', edited.replaceAll('\n', '\r\n')],
  ] as const) {
    assert.notEqual(await judged('edit', wrong, isA), undefined, what);
  }
  const removed = text.replace('a = 1 # one\n', '');
  assert.equal(await judged('remove', removed, isA), undefined);
  assert.match(String(await judged('remove', removed.replace('# head\n', ''), isA)), /^line 1: wanted 'head/);
  const section = text.replace('[t]\n# of c\nc = true\n', '# of c\n');
  assert.equal(await judged('remove-section', section), undefined);
  assert.notEqual(await judged('remove-section', section.replace('# of c\n', '')), undefined);
  const line = 'nodetask_new-key = "new # value"\n';
  assert.notEqual(await judged('new-key', text), undefined);
  assert.notEqual(await judged('new-key', `${text}\n\n${line}`), undefined);
});

test('a file beyond what tasks read is not tried, and told', async (t) => {
  const path = join(await makeTempFolder(t), 'large.toml');
  await writeFile(path, `a = "${'x'.repeat(200_000)}"\n`);
  const { skipped, done } = await tryFiles([path], 1, inMinutes(1));
  assert.match(skipped[0] ?? '', /large\.toml has 200007 bytes/);
  assert.equal(done.size, 0);
});

test('the files hold the shapes that they are there for', async () => {
  const all = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('');
  for (const shape of [
    '\r\n',
    '\t=\t',
    '[[chains]]',
    '0xDEAD',
    '5_120_000',
    '1979-05-27',
    '"""\n[p2p]',
    "'''",
    '#no blanks',
  ]) {
    assert.ok(all.includes(shape), shape);
  }
});
