import assert from 'node:assert/strict';
import { lstat, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hasMarker, isDoneBySeictl, readSeictlExported, readSeictlUploaded } from './seictl-files.ts';
import { readSnapshotHeight, snapshotHeightFile } from './snapshot-height.ts';
import { makeTempHome } from './testing/temp-home.ts';

const exported = '.sei-sidecar-last-export.json';
const uploaded = '.sei-sidecar-last-upload.json';
const height = '.sei-sidecar-snapshot-height';

describe('files of seictl', () => {
  test('its last export and its restored height are read as it writes them', async (t) => {
    const home = await makeTempHome(t);
    assert.deepEqual([await readSeictlExported(home), await readSnapshotHeight(home)], [undefined, undefined]);
    await writeFile(join(home.root, exported), '{"lastExportedHeight":4000}');
    await writeFile(join(home.root, height), '30578');
    assert.deepEqual([await readSeictlExported(home), await readSnapshotHeight(home)], [4000, 30_578]);
    await writeFile(snapshotHeightFile(home), '99');
    assert.equal(await readSnapshotHeight(home), 99);
  });

  test('its last upload is read as its old and its new versions write it', async (t) => {
    const home = await makeTempHome(t);
    assert.equal(await readSeictlUploaded(home), undefined);
    const texts: readonly (readonly [string, object | undefined])[] = [
      ['{"lastUploadedHeight":4000}', { height: 4000 }],
      ['{"lastUploadedHeight":4000,"lastUploadedAt":1785888000}', { height: 4000, at: 1_785_888_000_000 }],
      ['{"lastUploadedHeight":4000,"lastUploadedAt":0}', { height: 4000 }],
      ['{"lastUploadedHeight":0}', undefined],
    ];
    for (const [text, expected] of texts) {
      await writeFile(join(home.root, uploaded), text);
      assert.deepEqual(await readSeictlUploaded(home), expected, text);
    }
    for (const at of ['-1', '1.5', '"1785888000"', '253402300800', '1e300']) {
      await writeFile(join(home.root, uploaded), `{"lastUploadedHeight":4000,"lastUploadedAt":${at}}`);
      await assert.rejects(readSeictlUploaded(home), { code: 'file-invalid' }, at);
    }
  });

  test('zero is what it reads itself where there was nothing, and counts as nothing', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.root, exported), '{"lastExportedHeight":0}');
    await writeFile(join(home.root, height), '0');
    assert.deepEqual([await readSeictlExported(home), await readSnapshotHeight(home)], [undefined, undefined]);
  });

  const damaged = ['', 'null', '[]', '{}', '{"lastExportedHeight":', '{"lastExportedHeight":-1}', '-7', '1.5', 'x'];
  const wrong = [
    '{"lastUploadedHeight":"7"}',
    '{"lastExportedHeight":"7"}',
    '{"lastExportedHeight":1e300}',
    '{"lastExportedHeight":1.5}',
    '7 7',
  ];
  for (const text of [...damaged, ...wrong, '9'.repeat(30), '1'.repeat(100_000)]) {
    test(`a damaged file is told and left as it is: ${text.slice(0, 40)}`, async (t) => {
      const home = await makeTempHome(t);
      for (const [name, read] of [
        [exported, readSeictlExported],
        [uploaded, readSeictlUploaded],
        [height, readSnapshotHeight],
      ] as const) {
        const path = join(home.root, name);
        await writeFile(path, text);
        await assert.rejects(read(home), (error: Error & { code?: string }) => {
          assert.equal(error.code, 'file-invalid');
          assert.ok(error.message.includes(path) && error.message.length < 1_000, error.message);
          return true;
        });
        assert.equal(await readFile(path, 'utf8'), text);
      }
    });
  }

  test('a link and a folder in the place of a file are told, and not followed', async (t) => {
    const home = await makeTempHome(t);
    await writeFile(join(home.root, 'other'), '7');
    for (const name of [exported, '.sei-sidecar-snapshot-done']) await symlink('other', join(home.root, name));
    await mkdir(join(home.root, height));
    await assert.rejects(readSeictlExported(home), { code: 'file-invalid', message: /symbolic link/ });
    await assert.rejects(readSnapshotHeight(home), { code: 'file-invalid', message: /not a regular file/ });
    await assert.rejects(hasMarker(home, 'snapshot-restore'), { code: 'file-invalid', message: /not a regular file/ });
    assert.ok((await lstat(join(home.root, exported))).isSymbolicLink());
  });

  test('a task counts as done while the node has databases', async (t) => {
    const home = await makeTempHome(t);
    await mkdir(join(home.data, 'blockstore.db'));
    assert.equal(await isDoneBySeictl(home, 'configure-state-sync'), false);
    await writeFile(join(home.root, '.sei-sidecar-statesync-done'), '');
    assert.equal(await isDoneBySeictl(home, 'configure-state-sync'), true);
    const empty = await makeTempHome(t);
    await writeFile(join(empty.root, '.sei-sidecar-statesync-done'), '');
    assert.equal(await isDoneBySeictl(empty, 'configure-state-sync'), false);
  });
});
