import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { LogFields } from '@nodetask/shared';
import { CertificateAuthority } from '@nodetask/testbed';
import { advanceUntil, LogLines } from '../../test/support/log-lines.ts';
import { readCertificates } from './read-certificates.ts';
import { TrustFile } from './trust-file.ts';

const [first, second] = [await CertificateAuthority.create(), await CertificateAuthority.create()];
const leafOf = async (ca: CertificateAuthority) => {
  const [leaf] = readCertificates((await ca.operator()).certificate);
  assert.ok(leaf);
  return leaf;
};

let folder = '';
let path = '';
let clock: FakeClock;
let log: LogLines;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-trust-'));
  path = join(folder, 'ca.crt');
  clock = new FakeClock();
  log = new LogLines();
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const open = () => {
  const trust = new TrustFile({ path, clock, logger: log.logger });
  const ended = trust.run(stop.signal);
  return { trust, ended };
};

/** Lets it look again, and resolves with the line that tells of it. */
const look = (message: RegExp): Promise<LogFields> => {
  log.lines.length = 0;
  return advanceUntil(clock, log, message);
};

test('a change is taken and told, as a kubelet makes it: by swapping a link', async () => {
  writeFileSync(join(folder, 'v1'), first.certificate);
  symlinkSync('v1', path);
  const { trust } = open();
  assert.ok(trust.chainOf(await leafOf(first), []));
  assert.equal(trust.chainOf(await leafOf(second), []), undefined);
  let told = 0;
  trust.subscribe(() => told++);

  writeFileSync(join(folder, 'v2'), `# both\n${second.certificate}\n${first.certificate}`);
  symlinkSync('v2', join(folder, 'link'));
  renameSync(join(folder, 'link'), path);
  await look(/trusting the CAs/);
  assert.equal(trust.anchors.length, 2);
  assert.ok(trust.chainOf(await leafOf(second), []));

  const { generation } = trust;
  writeFileSync(join(folder, 'v2'), second.certificate);
  await look(/trusting the CAs/);
  assert.equal(trust.chainOf(await leafOf(first), []), undefined);
  assert.notEqual(trust.generation, generation);
  assert.equal(told, 2);
});

test('a file that cannot be used changes nothing, and is complained about once', async () => {
  writeFileSync(path, first.certificate);
  const { trust } = open();
  for (const spoil of [
    () => {
      writeFileSync(path, 'nothing');
    },
    () => {
      writeFileSync(path, first.certificate.replace(/\n.{60}/, '\nAAAA'));
    },
    () => {
      writeFileSync(path, 'x'.repeat(1024 * 1024 + 1));
    },
    () => {
      unlinkSync(path);
    },
  ]) {
    spoil();
    await look(/the trust file cannot be used: what it held before/);
    assert.equal(trust.anchors.length, 1);
  }
  log.lines.length = 0;
  writeFileSync(join(folder, 'other'), second.certificate);
  for (let times = 0; times < 3; times++) await clock.advance(5000);
  renameSync(join(folder, 'other'), path);
  await look(/trusting the CAs/);
  assert.doesNotMatch(log.text, /cannot be used/);
  assert.equal(trust.generation, 2);
});

test('without a file nobody is trusted, until it is there', async () => {
  const { trust } = open();
  assert.match(log.text, /no client certificate is accepted until/);
  assert.equal(trust.chainOf(await leafOf(first), []), undefined);
  writeFileSync(path, first.certificate);
  await look(/trusting the CAs/);
  assert.ok(trust.chainOf(await leafOf(first), []));
});

test('nothing is looked at after the end', async () => {
  const { ended } = open();
  stop.abort();
  await ended;
  assert.equal(clock.pendingTimers, 0);
});
