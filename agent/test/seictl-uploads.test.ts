import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import type { NodeHome } from '../src/node/node-home.ts';
import { compileLocation } from '../src/objectstore/location.ts';
import { UploadRecord } from '../src/tasks/snapshot-upload/upload-record.ts';
import { startTestS3, testBucket as bucket } from './support/object-store.ts';
import { makeChainHome, runUpload, writeSnapshot } from './support/snapshot-home.ts';

/** A node whose snapshots seictl uploaded before this agent took its place: to a real S3 server, as seictl stores them. */

const s3 = await startTestS3();
const at = (prefix: string) => ({ ...s3.params(bucket), prefix });
const stateOf = (home: NodeHome): string => join(home.root, '.sei-sidecar-last-upload.json');
const keys = async (prefix: string): Promise<string[]> => (await s3.files.list(bucket, prefix)).map(({ key }) => key);
const recordOf = (home: NodeHome, prefix: string) =>
  new UploadRecord(home.stateFolder, compileLocation(at(prefix))).read();

/** A home with two snapshots, and the lower one at the prefix, as seictl stores it. */
const takenOver = async (t: TestContext, prefix: string, state: object = { lastUploadedHeight: 100 }) => {
  const home = await makeChainHome(t);
  for (const height of [100, 200]) await writeSnapshot(home, height, 100);
  await writeFile(stateOf(home), JSON.stringify(state));
  await s3.files.put(bucket, `${prefix}/100.tar.gz`, 'as seictl packed it');
  await s3.files.put(bucket, `${prefix}/latest.txt`, '100');
  return home;
};

test('a snapshot that seictl uploaded is not uploaded again, and the next one is', async (t) => {
  const home = await takenOver(t, 'over');
  // The second run finds what the first one kept.
  for (let run = 1; run <= 2; run++) {
    const { outcome, reason, message, output, warnings } = await runUpload(home, at('over'));
    assert.deepEqual([outcome, reason, warnings], ['unchanged', 'already-uploaded', undefined]);
    assert.match(message ?? '', /^snapshot 100, .* was uploaded by seictl, without a manifest: .* allowUnverified/);
    assert.deepEqual(output, { reason: 'already-uploaded', height: 100, key: 'over/100.tar.gz', bytes: 19 });
  }
  assert.deepEqual(await keys('over/'), ['over/100.tar.gz', 'over/latest.txt']);
  assert.deepEqual((await s3.files.get(bucket, 'over/100.tar.gz')).toString(), 'as seictl packed it');
  const kept = await recordOf(home, 'over');
  assert.deepEqual([kept?.height, kept?.by], [100, 'seictl']);

  await writeSnapshot(home, 300, 100);
  assert.equal((await runUpload(home, at('over'))).output?.['height'], 200);
  const own = await recordOf(home, 'over');
  assert.deepEqual([own?.height, own?.key, own?.by], [200, 'over/200.tar.gz', undefined]);
  assert.equal(await readFile(stateOf(home), 'utf8'), '{"lastUploadedHeight":100}', 'the file of seictl stays');

  // The agent has uploaded there by now: the state of seictl counts no more.
  await rm(join(home.data, 'snapshots', '200'), { recursive: true });
  await rm(join(home.data, 'snapshots', '300'), { recursive: true });
  await writeSnapshot(home, 150, 100);
  assert.equal((await runUpload(home, at('over'))).outcome, 'changed');
  assert.ok((await keys('over/')).includes('over/100.manifest.json'));
});

test('a height that seictl has not reached, or has not at this prefix, is uploaded', async (t) => {
  const lower = await takenOver(t, 'lower', { lastUploadedHeight: 99 });
  assert.equal((await runUpload(lower, at('lower'))).outcome, 'changed');
  const elsewhere = await takenOver(t, 'there');
  assert.equal((await runUpload(elsewhere, at('here'))).outcome, 'changed');
  const none = await takenOver(t, 'none', { lastUploadedHeight: 0 });
  assert.equal((await runUpload(none, at('none'))).outcome, 'changed');
});

test('the age of an upload of seictl counts, by the time that its state tells', async (t) => {
  const hour = { maxAgeSeconds: 3600 };
  const twoHoursAgo = Math.floor(Date.now() / 1000) - 7200;
  const fresh = await takenOver(t, 'fresh');
  assert.equal((await runUpload(fresh, { ...at('fresh'), ...hour })).outcome, 'unchanged', 'by the time of the object');
  const old = await takenOver(t, 'old', { lastUploadedHeight: 100, lastUploadedAt: twoHoursAgo });
  await assert.rejects(runUpload(old, { ...at('old'), ...hour }), {
    code: 'upload-too-old',
    message: /^the newest upload, s3:\/\/.*old\/100\.tar\.gz at .* is 72\d\d s old, .*was uploaded by seictl/,
  });
  assert.equal((await recordOf(old, 'old'))?.at, twoHoursAgo * 1000);

  // A run without anything to upload, too.
  await rm(join(old.data, 'snapshots', '200'), { recursive: true });
  const { outcome } = await runUpload(old, { ...at('old'), maxAgeSeconds: 9000 });
  assert.equal(outcome, 'skipped');

  // A clock that was ahead keeps no upload new for ever.
  const ahead = await takenOver(t, 'ahead', { lastUploadedHeight: 100, lastUploadedAt: 4_000_000_000 });
  await runUpload(ahead, at('ahead'));
  const clock = { ...systemClock, now: () => Date.now() + 7_200_000 };
  await assert.rejects(runUpload(ahead, { ...at('ahead'), ...hour }, { clock }), { code: 'upload-too-old' });
  assert.ok(((await recordOf(ahead, 'ahead'))?.at ?? Infinity) <= Date.now());
});

test('a damaged state of seictl is a warning that names it, and the snapshot is uploaded', async (t) => {
  for (const [index, text] of ['', '{"lastUploadedHeight":', '{"lastUploadedHeight":-1}', '9'.repeat(5000)].entries()) {
    const prefix = `damaged-${String(index)}`;
    const home = await takenOver(t, prefix);
    await writeFile(stateOf(home), text);
    const { outcome, warnings } = await runUpload(home, at(prefix));
    assert.equal(outcome, 'changed', text);
    assert.deepEqual([warnings?.length, warnings?.[0]?.startsWith(stateOf(home))], [1, true], String(warnings));
    assert.equal(await readFile(stateOf(home), 'utf8'), text);
  }
  const linked = await takenOver(t, 'linked');
  await rm(stateOf(linked));
  await symlink('/etc/passwd', stateOf(linked));
  const { outcome, warnings } = await runUpload(linked, at('linked'));
  assert.deepEqual([outcome, warnings?.length], ['changed', 1]);
});

test('a record of uploads that is damaged counts as none, and one that cannot be written fails no upload', async (t) => {
  const home = await takenOver(t, 'record');
  await runUpload(home, at('record'));
  const [folder = ''] = await readdir(join(home.stateFolder, 'snapshot-upload'));
  const file = join(home.stateFolder, 'snapshot-upload', folder, 'newest-upload.json');
  for (const text of ['', '[]', '{"version":2}', '{"version":1,"key":"k","at":"yesterday"}']) {
    await writeFile(file, text);
    assert.equal(await recordOf(home, 'record'), undefined, text);
  }
  assert.equal((await runUpload(home, at('record'))).outcome, 'unchanged');
  assert.equal((await recordOf(home, 'record'))?.height, 100);

  await rm(file);
  await mkdir(file);
  await writeSnapshot(home, 300, 100);
  const { outcome, warnings } = await runUpload(home, at('record'));
  assert.equal(outcome, 'changed');
  assert.match(warnings?.join() ?? '', /newest-upload\.json is not a regular file/);
});
