import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { makePlaceholder } from './placeholder.ts';

test('a placeholder serves TLS to who does not look at certificates, and to nobody else', async () => {
  const { key, chain, certificate } = makePlaceholder();
  assert.equal(certificate.subject, 'CN=nodetask-agent without a certificate');
  assert.ok(certificate.verify(certificate.publicKey));
  assert.equal(certificate.ca, false);
  const server = createServer({ key, cert: chain }, (_request, response) => {
    response.end('here');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const probe = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(probe, 'secureConnect');
  probe.destroy();
  const client = connect({ port, host: '127.0.0.1' });
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  server.closeAllConnections();
  server.close();
});

test('each has a key and a number of its own', () => {
  const [one, other] = [makePlaceholder(), makePlaceholder()];
  assert.notEqual(one.key, other.key);
  assert.notEqual(one.certificate.serialNumber, other.certificate.serialNumber);
});
