import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { FakeClock } from '@nodetask/runtime/testing';
import type { LogFields } from '@nodetask/shared';
import { CertificateAuthority, type IssuedCertificate } from '@nodetask/testbed';
import { advanceUntil, LogLines } from '../../test/support/log-lines.ts';
import { IdentityFileError, OwnFiles } from './own-files.ts';

const ca = await CertificateAuthority.create();
const [first, second] = [await ca.agent('u'), await ca.agent('u')];

let folder = '';
let log: LogLines;
let clock: FakeClock;
let stop: AbortController;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-own-'));
  [log, clock, stop] = [new LogLines(), new FakeClock(), new AbortController()];
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const options = () => ({
  certFile: join(folder, 'now', 'tls.crt'),
  keyFile: join(folder, 'now', 'tls.key'),
  clock,
  logger: log.logger,
});

/** As a kubelet does: a folder for each version, and a link that is swapped. */
const write = (version: string, { certificate, key }: IssuedCertificate): void => {
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, 'tls.crt'), certificate);
  writeFileSync(join(folder, version, 'tls.key'), key);
  symlinkSync(version, join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'now'));
};

const open = (): OwnFiles => {
  const files = new OwnFiles(options());
  void files.run(stop.signal);
  return files;
};

/** Lets it look again, and resolves with the line that tells of it. */
const look = (message: RegExp): Promise<LogFields> => {
  log.lines.length = 0;
  return advanceUntil(clock, log, message);
};

test('a new pair is shown and told; one that does not fit changes nothing', async () => {
  write('v1', first);
  const files = open();
  assert.deepEqual([files.credentials.chain, files.credentials.key], [first.certificate, first.key]);
  let told = 0;
  files.subscribe(() => told++);

  write('v2', { certificate: second.certificate, key: first.key });
  const { error } = await look(/cannot be used: what they held before stays/);
  assert.match(String(error), /the certificate is for another key/);
  assert.deepEqual([files.credentials.chain, told], [first.certificate, 0]);

  write('v3', second);
  await look(/showing the certificate of the changed file/);
  assert.deepEqual([files.credentials.chain, files.credentials.key, told], [second.certificate, second.key, 1]);
  assert.doesNotMatch(log.text, /PRIVATE KEY/);
});

for (const [name, pair, message] of [
  ['no certificate', { certificate: '', key: first.key }, /there is no certificate in PEM form/],
  ['no key', { certificate: first.certificate, key: 'x' }, /there is no private key in PEM form/],
  ['the key of another', { certificate: first.certificate, key: second.key }, /is for another key/],
  [
    'a certificate that is none',
    { certificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', key: first.key },
    /certificate 1 cannot be read/,
  ],
] as const) {
  test(`the agent does not start with ${name}`, () => {
    write('v1', pair);
    assert.throws(
      () => new OwnFiles(options()),
      (error) => {
        assert.ok(error instanceof IdentityFileError);
        assert.match(error.message, message);
        assert.match(error.message, /tls\.crt with the key .*tls\.key cannot be used/);
        return true;
      },
    );
  });
}

test('nor without files', () => {
  assert.throws(() => new OwnFiles(options()), /ENOENT/);
});
