import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { maxOutputBytes } from '@nodetask/shared';
import type { TaskReport } from '../../engine/task-handler.ts';
import { makeTempHome } from '../../node/testing/temp-home.ts';
import { runTask } from '../testing/run-task.ts';
import { configPatch } from './config-patch.ts';

const config =
  '# head\nmoniker = "a" # name\n\n[p2p]\nseeds = "x"\nlimit = 9223372036854775807\nrate = 1.0\n\n#### RPC ####\n[rpc]\nladdr = "tcp://127.0.0.1:26657"\n';
const genesis = '{\n  "chain_id": "c",\n  "supply": 123456789012345678901234567890\n}\n';

const setUp = async (
  t: Parameters<typeof makeTempHome>[0],
): Promise<{
  folder: string;
  run: (params: unknown) => Promise<TaskReport>;
  read: (name: string) => Promise<string>;
}> => {
  const home = await makeTempHome(t);
  await writeFile(join(home.config, 'config.toml'), config);
  await writeFile(join(home.config, 'genesis.json'), genesis);
  return {
    folder: home.config,
    run: (params) => runTask('config-patch', configPatch(home), params),
    read: (name) => readFile(join(home.config, name), 'utf8'),
  };
};

describe('config-patch', () => {
  test('patches several files, keeps everything else, and reports what changed', async (t) => {
    const { run, read, folder } = await setUp(t);
    const report = await run({
      files: {
        'config.toml': { moniker: 'b', p2p: { rate: 2, limit: '9223372036854775806', max_num_inbound_peers: 80 } },
        'genesis.json': { supply: '123456789012345678901234567891', chain_id: 'd' },
      },
      remove: { 'config.toml': ['p2p.seeds'] },
    });
    assert.equal(report.outcome, 'changed');
    const change = { from: '(hidden)', to: '(hidden)' };
    assert.deepEqual(report.output, {
      changes: [
        { file: 'config.toml', key: 'moniker', ...change },
        { file: 'config.toml', key: 'p2p.seeds', from: '(hidden)' },
        { file: 'config.toml', key: 'p2p.limit', ...change },
        { file: 'config.toml', key: 'p2p.rate', ...change },
        { file: 'genesis.json', key: 'chain_id', from: 'c', to: 'd' },
        { file: 'genesis.json', key: 'supply', ...change },
        { file: 'config.toml', key: 'p2p.max_num_inbound_peers', to: 80 },
      ],
    });
    assert.equal(
      report.message,
      'moniker changed (hidden), p2p.seeds removed, p2p.limit changed (hidden), and 4 more; takes effect when the node restarts',
    );
    assert.deepEqual(report.numbers, { changes: 7 });
    assert.equal(await read('genesis.json'), genesis.replace('7890\n', '7891\n').replace('"c"', '"d"'));
    assert.deepEqual((await readdir(folder)).sort(), ['config.toml', 'genesis.json']);
  });

  test('a misspelt key is written, and is a warning with what was meant', async (t) => {
    const { run, read } = await setUp(t);
    const files = { 'config.toml': { p2p: { sedes: 'y', 'max_x-y': 1 }, p2pp: { a: 1 } } };
    const keys = [
      { file: 'config.toml', key: 'p2p.sedes', suggestion: 'p2p.seeds' },
      { file: 'config.toml', key: 'p2p.max_x-y' },
      { file: 'config.toml', key: 'p2pp', suggestion: 'p2p' },
    ];
    const tried = await run({ files, dryRun: true });
    assert.equal(tried.outcome, 'skipped');
    assert.deepEqual(tried.output?.['unknownKeys'], keys);
    assert.match(
      tried.message ?? '',
      /^dryRun is set, and nothing was written: .*\. 3 keys are new to the file and not known: /,
    );
    const report = await run({ files });
    assert.equal(report.outcome, 'changed');
    assert.deepEqual(report.output?.['unknownKeys'], keys);
    assert.equal(
      report.message,
      'p2p.sedes added (hidden), p2p.max_x-y added (hidden), p2pp.a added (hidden); takes effect when the node restarts. 3 keys are new to the file and not known: config.toml: p2p.sedes (did you mean p2p.seeds?); config.toml: p2p.max_x-y; config.toml: p2pp (did you mean p2p?)',
    );
    assert.deepEqual(
      report.warnings?.[0],
      'config.toml: p2p.sedes (did you mean p2p.seeds?) is new to the file, and no node is known to read it',
    );
    assert.equal(report.warnings?.length, 3);
    assert.match(await read('config.toml'), /\nsedes = "y"\n/);
    const again = await run({ files });
    assert.deepEqual([again.outcome, again.warnings], ['unchanged', undefined]);
  });

  test('with strict a misspelt key is refused, and no file is written', async (t) => {
    const { run, read, folder } = await setUp(t);
    const refused = { 'genesis.json': { chain_id: 'd' }, 'config.toml': { p2p: { sedes: 'y' } } };
    await assert.rejects(run({ files: refused, strict: true }), {
      code: 'unknown-key',
      message: /1 key is not known: config\.toml: p2p\.sedes \(did you mean p2p\.seeds\?\); nothing was written/,
      output: { unknownKeys: [{ file: 'config.toml', key: 'p2p.sedes', suggestion: 'p2p.seeds' }] },
    });
    assert.equal(await read('config.toml'), config);
    assert.equal(await read('genesis.json'), genesis);
    assert.deepEqual((await readdir(folder)).sort(), ['config.toml', 'genesis.json']);
    const known = { 'config.toml': { p2p: { seeds: 'y', limit: 5, max_num_inbound_peers: 9 } } };
    assert.equal((await run({ files: known, strict: true })).outcome, 'changed');
  });

  test('a misspelt key of a large genesis is refused as well', async (t) => {
    const { run, folder } = await setUp(t);
    const large = JSON.stringify({ chain_id: 'c', app_state: { x: 'y'.repeat(100_000) } });
    await writeFile(join(folder, 'genesis.json'), large);
    await assert.rejects(run({ files: { 'genesis.json': { chain_idd: 'd' } }, strict: true }), {
      code: 'unknown-key',
      message: /chain_idd \(did you mean chain_id\?\)/,
    });
    assert.deepEqual((await readdir(folder)).sort(), ['config.toml', 'genesis.json']);
    const { warnings } = await run({ files: { 'genesis.json': { chain_idd: 'd' } } });
    assert.match(warnings?.[0] ?? '', /chain_idd/);
  });

  test('a removal of what is not there is a warning only if the file has something like it', async (t) => {
    const { run, read } = await setUp(t);
    const { warnings, outcome } = await run({ remove: { 'config.toml': ['p2p.sedes', 'p2p.gone_since_long'] } });
    assert.equal(outcome, 'unchanged');
    assert.deepEqual(warnings, ['config.toml: p2p.sedes (did you mean p2p.seeds?) is not there to be removed']);
    assert.equal(await read('config.toml'), config);
  });

  test('more than a hundred unknown keys fit into the output', async (t) => {
    const { run } = await setUp(t);
    const many = Object.fromEntries(Array.from({ length: 140 }, (_, index) => [`${'k'.repeat(200)}${index}`, 1]));
    const { output, warnings } = await run({ files: { 'config.toml': { p2p: many } } });
    assert.equal(output?.['unknownKeyCount'], 140);
    assert.ok(Buffer.byteLength(JSON.stringify(output)) < maxOutputBytes);
    assert.equal(warnings?.at(-1), '133 more keys that are not known');
  });

  test('the same again changes no byte and says so', async (t) => {
    const { run, read } = await setUp(t);
    const report = await run({
      files: { 'config.toml': { moniker: 'a', p2p: { rate: 1, limit: '9223372036854775807' } } },
      remove: { 'config.toml': ['p2p.nothing'] },
    });
    assert.deepEqual(report, {
      outcome: 'unchanged',
      reason: 'already-as-wanted',
      message: 'config.toml says already what the params ask for',
      output: { reason: 'already-as-wanted', changes: [] },
    });
    assert.equal(await read('config.toml'), config);
  });

  test('a dry run tells the changes and writes nothing', async (t) => {
    const { run, read } = await setUp(t);
    const report = await run({ files: { 'config.toml': { p2p: { pex: false } } }, dryRun: true });
    assert.deepEqual(report, {
      outcome: 'skipped',
      reason: 'dry-run',
      message: 'dryRun is set, and nothing was written: p2p.pex set to false',
      output: { reason: 'dry-run', changes: [{ file: 'config.toml', key: 'p2p.pex', to: false }] },
    });
    assert.equal(await read('config.toml'), config);
  });

  test('all files or none: one that is refused keeps the others as they are', async (t) => {
    const { run, read } = await setUp(t);
    await assert.rejects(run({ files: { 'config.toml': { moniker: 'b' }, 'app.toml': { x: 1 } } }), {
      code: 'file-missing',
    });
    await writeFile(join((await setUp(t)).folder, 'app.toml'), '');
    await assert.rejects(run({ files: { 'config.toml': { moniker: 'b' }, 'genesis.json': { supply: 2 ** 60 } } }), {
      code: 'patch-invalid',
    });
    assert.equal(await read('config.toml'), config);
  });

  test('refuses what would turn the file into one that the node does not read', async (t) => {
    const { run, read } = await setUp(t);
    await assert.rejects(run({ files: { 'config.toml': { moniker: 'b', p2p: { limit: 'many' } } } }), {
      code: 'patch-invalid',
      message:
        'config.toml: p2p.limit is an integer, and the patch gives a text: ' +
        'give an integer, or remove p2p.limit in a task before this one to change its kind',
    });
    assert.equal(await read('config.toml'), config);
    await run({ remove: { 'config.toml': ['p2p.limit'] } });
    assert.equal((await run({ files: { 'config.toml': { p2p: { limit: 'many' } } } })).outcome, 'changed');
  });

  test('refuses what cannot be right before anything is read', async (t) => {
    const { run } = await setUp(t);
    await assert.rejects(
      run({ files: { 'config.toml': { p2p: { seeds: 'y' } } }, remove: { 'config.toml': ['p2p'] } }),
      /remove and files both name p2p/,
    );
    await assert.rejects(
      run({ files: { 'config.toml': { 'max-x': 1 } }, remove: { 'config.toml': ['max_x'] } }),
      /both name max_x/,
    );
    await assert.rejects(run({ files: { 'config.toml': { a: JSON.parse('{"__proto__": {"x": 1}}') as unknown } } }), {
      code: 'patch-invalid',
      message: /__proto__ is not a key/,
    });
    await assert.rejects(run({ remove: { 'config.toml': ['a..b'] } }), { code: 'patch-invalid' });
    await assert.rejects(run({ files: { '../evil': { a: 1 } } }), /Unrecognized key/);
  });

  test('edits no genesis that the node does not read', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), 'genesis_file = "config/sei.json"\n');
    await writeFile(join(home.config, 'genesis.json'), '{"chain_id":"c"}');
    const patch = { files: { 'genesis.json': { chain_id: 'd' } } };
    await assert.rejects(runTask('config-patch', configPatch(home), patch), {
      code: 'file-invalid',
      message: /genesis_file in \S+ has the node read its genesis from \S+\/config\/sei\.json, .*nothing was changed/,
    });
    assert.equal(await readFile(join(home.config, 'genesis.json'), 'utf8'), '{"chain_id":"c"}');
    await writeFile(join(home.config, 'config.toml'), 'genesis_file = "config/genesis.json"\n');
    assert.equal((await runTask('config-patch', configPatch(home), patch)).outcome, 'changed');
  });

  test('follows no link', async (t) => {
    const { run, folder } = await setUp(t);
    const victim = join(folder, '..', 'victim.toml');
    await writeFile(victim, 'a = 1\n');
    await symlink(victim, join(folder, 'client.toml'));
    await assert.rejects(run({ files: { 'client.toml': { a: 2 } } }), {
      code: 'file-invalid',
      message: /symbolic link/,
    });
    assert.equal(await readFile(victim, 'utf8'), 'a = 1\n');
    // Nor does it read through one, which would show what is behind it.
    await assert.rejects(run({ files: { 'client.toml': { a: 1 } }, dryRun: true }), { code: 'file-invalid' });
  });

  test('does not leave the home through a config/ that is a link', async (t) => {
    const { folder } = await setUp(t);
    const home = await makeTempHome(t);
    await rm(home.config, { recursive: true });
    await symlink(folder, home.config);
    const params = { files: { 'config.toml': { moniker: 'b' } } };
    await assert.rejects(runTask('config-patch', configPatch(home), params), {
      code: 'file-invalid',
      message: /is a link to .*outside of/,
    });
    assert.equal(await readFile(join(folder, 'config.toml'), 'utf8'), config);
    // One that stays inside is fine.
    await rm(home.config);
    await mkdir(join(home.root, 'inside'));
    await writeFile(join(home.root, 'inside', 'config.toml'), config);
    await symlink('inside', home.config);
    assert.equal((await runTask('config-patch', configPatch(home), params)).outcome, 'changed');
  });

  test('keeps the output under its limit, however much changes', async (t) => {
    const { run } = await setUp(t);
    const keys = Object.fromEntries(
      Array.from({ length: 70 }, (_, index) => [`key-${'x'.repeat(80)}-${index}`, '"ü\u0001'.repeat(10)]),
    );
    const report = await run({ files: { 'config.toml': keys, 'genesis.json': keys } });
    assert.ok(Buffer.byteLength(JSON.stringify(report.output)) <= maxOutputBytes);
    const { changes, changesOmitted } = report.output as { changes: unknown[]; changesOmitted: number };
    assert.equal(changes.length + changesOmitted, 140);
    assert.ok(changes.length > 30);
    assert.match(report.message ?? '', /, and 137 more/);
  });

  test('honours the abort before it writes', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.config, 'config.toml'), config);
    const params = { files: { 'config.toml': { moniker: 'b' } } };
    const reason = new Error('cancelled');
    await assert.rejects(
      runTask('config-patch', configPatch(home), params, { signal: AbortSignal.abort(reason) }),
      reason,
    );
    assert.equal(await readFile(join(home.config, 'config.toml'), 'utf8'), config);
  });
});
