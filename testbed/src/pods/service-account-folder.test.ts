import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ServiceAccountFolder } from './service-account-folder.ts';

const HOUR_MS = 3_600_000;
const RENEW_AFTER_MS = HOUR_MS * 0.8;

/** The timers are mocked, the file system is real: waits by turns of the event loop. */
async function settled(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited 5 s for ${what}`);
    await setImmediate();
  }
}

describe('service account folder', () => {
  let root = '';
  let requests = 0;
  let down = false;
  let log: string[] = [];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'service-account-'));
    await writeFile(join(root, 'apiserver.crt'), 'the certificate');
    [requests, down, log] = [0, false, []];
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(async () => {
    mock.timers.reset();
    await rm(root, { recursive: true });
  });

  const path = (...names: string[]): string => join(root, 'serviceaccount', ...names);
  const create = async (): Promise<ServiceAccountFolder> =>
    ServiceAccountFolder.create({
      path: path(),
      namespace: 'sei',
      caFile: join(root, 'apiserver.crt'),
      requestToken: async () => {
        requests += 1;
        if (down) throw new Error('connection refused');
        return { token: `token ${requests}`, expiresAt: new Date(Date.now() + HOUR_MS) };
      },
      log: (line) => log.push(line),
    });
  const token = async (): Promise<string> => readFile(path('token'), 'utf8');

  test('holds what a kubelet mounts, the token for its owner only', async () => {
    using folder = await create();
    assert.equal(folder.path, path());
    assert.deepEqual((await readdir(path())).toSorted(), ['ca.crt', 'namespace', 'token']);
    assert.equal(await readFile(path('ca.crt'), 'utf8'), 'the certificate');
    assert.equal(await readFile(path('namespace'), 'utf8'), 'sei');
    assert.equal(await token(), 'token 1');
    assert.equal((await stat(path('token'))).mode & 0o777, 0o600);
  });

  test('the token is renewed at 80 % of its life, not before', async () => {
    using _ = await create();
    // The life is counted from the real clock, which has moved on a little.
    mock.timers.tick(RENEW_AFTER_MS - 5_000);
    assert.equal(requests, 1);
    mock.timers.tick(5_000);
    assert.equal(requests, 2);
    await settled('the second token', async () => (await token()) === 'token 2');
  });

  test('a renewal that fails keeps the old token, says so, and is tried again after 10 s', async () => {
    using _ = await create();
    down = true;
    mock.timers.tick(RENEW_AFTER_MS);
    await settled('the failure', () => log.length === 1);
    assert.match(log[0] ?? '', /token not renewed, trying again: Error: connection refused/);
    assert.equal(await token(), 'token 1');
    down = false;
    mock.timers.tick(10_000);
    await settled('the next try', async () => (await token()) === 'token 3');
  });

  test('nothing is renewed after the end', async () => {
    (await create())[Symbol.dispose]();
    mock.timers.tick(HOUR_MS);
    assert.equal(requests, 1);
  });
});
