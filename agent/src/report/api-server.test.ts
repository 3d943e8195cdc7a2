import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { makeServerCertificate } from '../../test/support/tls/server-certificate.ts';
import { flood } from '../node/testing/flood.ts';
import { startServer } from '../node/testing/http-server.ts';
import { ApiServer } from './api-server.ts';
import { ServiceAccount } from './service-account.ts';

test('an answer of the API server that does not end is left, not read on', async (t) => {
  const certificate = await makeServerCertificate();
  const folder = mkdtempSync(join(tmpdir(), 'nodetask-account-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'token'), 'token');
  writeFileSync(join(folder, 'ca.crt'), certificate.ca);
  const { promise: written, resolve } = Promise.withResolvers<number>();
  const server = await startServer(
    t,
    (_, response) => {
      resolve(flood(response, {}));
    },
    certificate,
  );
  using apiServer = new ApiServer(
    { host: '127.0.0.1', port: server.port },
    new ServiceAccount(folder, systemClock),
    'test',
  );
  await assert.rejects(apiServer.read('/apis/x', AbortSignal.timeout(60_000)), /answered with more than 2097152 bytes/);
  assert.ok((await written) < 50_000_000, 'what the buffers of the connection take beyond the bound');
});
