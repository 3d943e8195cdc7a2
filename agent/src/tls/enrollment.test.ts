import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '@nodetask/runtime/testing';
import { CertificateAuthority, type CertificateOptions } from '@nodetask/testbed';
import { advanceUntil, LogLines } from '../../test/support/log-lines.ts';
import { type Answer, EnrollServer } from '../../test/support/tls/enroll-server.ts';
import { Enrollment } from './enrollment.ts';
import { IdentityStore } from './identity-store.ts';
import { TrustFile } from './trust-file.ts';

/** Real HTTPS servers and files; only the time is made up. */

const budgetMs = 15_000;
const minute = 60_000;
const hour = 60 * minute;
const podUID = '0b9b6f0c-5f0d-4c56-9d32-6f3f1c2b7a10';
const token = 'token-of-the-pod';
const [ca, otherCA] = [await CertificateAuthority.create(), await CertificateAuthority.create()];

/** A clock that stands still while a request is on its way, which takes real time: as long as the timer of its budget is set. */
class RequestClock extends FakeClock {
  #onTheirWay = 0;

  override setTimer(delayMs: number, callback: () => void): () => void {
    const cancel = super.setTimer(delayMs, callback);
    if (delayMs !== budgetMs) return cancel;
    this.#onTheirWay++;
    return () => {
      this.#onTheirWay--;
      cancel();
    };
  }

  async advanceIdle(ms: number): Promise<void> {
    await this.advance(0);
    while (this.#onTheirWay > 0) await setImmediate();
    await this.advance(ms);
  }
}

let folder = '';
let clock: RequestClock;
let log: LogLines;
let stop: AbortController;
let server: EnrollServer;
let results: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nodetask-enroll-'));
  [clock, log, stop, results] = [new RequestClock(Date.now()), new LogLines(), new AbortController(), []];
  writeFileSync(join(folder, 'token'), `${token}\n`);
  writeFileSync(join(folder, 'ca.crt'), ca.certificate);
  server = await EnrollServer.start({ ca, podUID });
});
afterEach(async () => {
  stop.abort(new Error('the test is over'));
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const open = async (
  options: { readonly url?: string; readonly random?: () => number; readonly stored?: boolean } = {},
) => {
  const { url = server.url, random = () => 0.1, stored = false } = options;
  const trust = new TrustFile({ path: join(folder, 'ca.crt'), clock, logger: log.logger });
  const enrollment = await Enrollment.open({
    url: new URL(url),
    tokenFile: join(folder, 'token'),
    podUID,
    ...(stored ? { store: new IdentityStore(join(folder, 'identity')) } : {}),
    trust,
    userAgent: 'test',
    clock,
    random,
    logger: log.logger,
    onRequest: (result) => results.push(result),
  });
  return {
    enrollment,
    trust,
    run: () => Promise.all([enrollment.run(stop.signal), trust.run(stop.signal)]),
  };
};

const issued = /the operator has issued a certificate/;
const failed = /no certificate from the operator yet/;

/** Waits for a line that is new, with the time standing still or moving. */
const next = (message: RegExp, stepMs = 0) => {
  log.lines.length = 0;
  return advanceUntil({ advance: (ms) => clock.advanceIdle(ms) }, log, message, stepMs);
};

const lasting =
  (ms: number): (() => CertificateOptions) =>
  () => ({ notAfter: new Date(clock.now() + ms) });

test('the first certificate: a public key and the token go out, a certificate for that key comes back', async () => {
  const { enrollment, run } = await open();
  assert.ok(enrollment.isPlaceholder);
  const told = Promise.withResolvers<void>();
  enrollment.subscribe(told.resolve);
  void run();
  await told.promise;
  assert.ok(!enrollment.isPlaceholder);
  assert.deepEqual(results, ['issued']);
  const [call] = server.calls;
  assert.equal(call?.authorization, `Bearer ${token}`);
  const sent = JSON.parse(call?.body ?? '') as { readonly publicKey: string };
  assert.deepEqual(Object.keys(sent), ['publicKey']);
  const key = createPublicKey(sent.publicKey);
  assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(enrollment.credentials.certificate.publicKey.equals(key));
  assert.equal(enrollment.credentials.chain, server.issued[0]);
});

for (const [name, random, share] of [
  ['two thirds of its life', 0, 2 / 3],
  ['some sooner, for others of the same age', 0.999_999, 0.6],
] as const) {
  test(`the next one comes at ${name}, with a key of its own`, async () => {
    server.answer = server.issue(lasting(hour));
    const { enrollment, run } = await open({ random: () => random });
    void run();
    await next(issued);
    const first = enrollment.credentials;
    await clock.advance(share * hour - 10_000);
    await setImmediate();
    assert.equal(server.calls.length, 1, 'not sooner');
    const renewed = next(issued);
    await clock.advance(20_000);
    await renewed;
    assert.equal(server.calls.length, 2);
    assert.notEqual(enrollment.credentials.key, first.key);
  });
}

test('a CA that is no longer trusted: another certificate at once, from the new one', async () => {
  const successor = await CertificateAuthority.create({ commonName: 'successor' });
  const { enrollment, run } = await open();
  void run();
  await next(issued);

  writeFileSync(join(folder, 'ca.crt'), ca.certificate + successor.certificate);
  await next(/trusting the CAs/, 5000);
  await clock.advance(minute);
  assert.equal(server.calls.length, 1, 'both are trusted: nothing to do');

  server.answer = server.issue(undefined, successor);
  // The operator's own certificate is of the new one by then, too.
  const port = server.port;
  await server[Symbol.asyncDispose]();
  server = await EnrollServer.start({ ca: successor, podUID, port });
  writeFileSync(join(folder, 'ca.crt'), successor.certificate);
  await next(/trusting the CAs/, 1000);
  const seen = clock.now();
  await next(issued, 1000);
  assert.ok(clock.now() - seen <= 6000, `${String(clock.now() - seen)} ms`);
  assert.ok(enrollment.credentials.certificate.verify(new X509Certificate(successor.certificate).publicKey));
});

const json =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_call, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

const refusals: readonly [name: string, answer: () => Answer, message: RegExp][] = [
  ['401', () => json(401, { error: 'the token has ended' }), /answered 401: .*the token has ended/],
  ['500 without a body', () => (_call, response) => response.writeHead(500).end(), /answered 500/],
  ['garbage', () => (_call, response) => response.writeHead(200).end('\u0000<html>'), /holds no certificate/],
  ['JSON of something else', () => json(200, { certificate: 7 }), /holds no certificate: certificate: /],
  ['no PEM', () => json(200, { certificate: 'x', notAfter: '2031-01-01T00:00:00Z' }), /no certificate in PEM form/],
  ['more than fits', () => json(200, 'x'.repeat(100_000)), /more than 65536 bytes/],
  [
    'a certificate for another key',
    () => async (call, response) => {
      const { certificate } = await ca.agent(podUID);
      await json(200, { certificate, notAfter: '2031-01-01T00:00:00Z' })(call, response);
    },
    /is for another key/,
  ],
  [
    'the certificate of another pod',
    () => server.issue(() => ({ dns: ['another.agent.nodetask.dev', 'any.agent.nodetask.dev'] })),
    /it is for another\.agent\.nodetask\.dev, any\.agent\.nodetask\.dev instead of 0b9b6f0c/,
  ],
  ['a certificate for clients', () => server.issue(() => ({ usages: ['client'] })), /it is not for servers/],
  ['a certificate that has ended', () => server.issue(lasting(-2000)), /it ended at/],
  ['a certificate of another CA', () => server.issue(undefined, otherCA), /it leads to no CA of .*ca\.crt/],
];

for (const [name, answer, message] of refusals) {
  test(`an answer that is of no use changes nothing: ${name}`, async () => {
    server.answer = answer();
    const { enrollment, run } = await open();
    void run();
    const { error } = await next(failed);
    assert.match(String(error), message);
    assert.ok(enrollment.isPlaceholder);
    assert.deepEqual(results, ['refused']);
    assert.doesNotMatch(log.text, new RegExp(`${token}|PRIVATE KEY`));

    server.answer = server.issue();
    await next(issued, 100);
    assert.ok(!enrollment.isPlaceholder);
  });
}

test('a redirect is not followed: the token goes to nobody else', async () => {
  await using other = await EnrollServer.start({ ca, podUID });
  for (const status of [301, 302, 307, 308]) {
    server.answer = json(status, {}, { Location: `${other.url}v0/certificates` });
    const { run } = await open();
    const running = run();
    const { error } = await next(failed);
    assert.match(String(error), new RegExp(`answered ${String(status)}`));
    stop.abort(new Error('next'));
    await running;
    stop = new AbortController();
  }
  assert.equal(server.calls.length, 4);
  assert.deepEqual(other.calls, []);
});

test('a server that nobody vouches for gets no token', async () => {
  await using impostor = await EnrollServer.start({ ca: otherCA, podUID });
  const elsewhere = await ca.issue({ dns: ['elsewhere.test'], usages: ['server'] });
  await using misnamed = await EnrollServer.start({ ca, podUID, certificate: elsewhere });
  for (const [target, message] of [
    [impostor, /self.signed|unable to (?:get|verify)/i],
    [misnamed, /IP.*127\.0\.0\.1/],
  ] as const) {
    const { run } = await open({ url: target.url });
    const running = run();
    const { error } = await next(failed);
    assert.match(String(error), message);
    assert.deepEqual(target.calls, []);
    stop.abort(new Error('next'));
    await running;
    stop = new AbortController();
  }
  assert.deepEqual(results, ['failed', 'failed']);
});

for (const [name, answer] of [
  ['silent', () => undefined],
  [
    'slow',
    (_call, response) => {
      response.writeHead(200).write('{"certificate":"');
    },
  ],
] satisfies readonly (readonly [string, Answer])[]) {
  test(`a server that is ${name} has 15 s`, async () => {
    server.answer = answer;
    const { run } = await open();
    void run();
    await server.untilCalls(1);
    await clock.advance(14_000);
    assert.deepEqual(results, []);
    await clock.advance(1000);
    assert.match(String((await log.until(failed)).error), /did not answer within 15 s/);
    assert.deepEqual(results, ['failed']);
    server.answer = server.issue();
    await next(issued, 100);
  });
}

test('it tries for ever, at a bounded rate, with few lines', async () => {
  server.answer = json(503, { error: 'not now' });
  const { run } = await open({ random: () => 0.5 });
  void run();
  const began = clock.now();
  while (clock.now() - began < 2 * hour) await clock.advanceIdle(1000);
  // 22.5 s apart, once the pauses are as long as they get.
  const { length: calls } = server.calls;
  assert.ok(calls > 200 && calls <= 330, `${String(calls)} requests in two hours`);
  const lines = log.lines.filter(({ message }) => failed.test(message)).length;
  assert.ok(lines >= 10 && lines <= 22, `${String(lines)} lines`);
  server.answer = server.issue(lasting(hour));
  const { failures } = await next(issued, 1000);
  assert.ok(Number(failures) >= calls - 1);
});

test('the operator may ask for a pause, but not for ever', async () => {
  server.answer = json(429, {}, { 'Retry-After': '45' });
  const { run } = await open();
  void run();
  await next(failed);
  await clock.advance(44_000);
  assert.equal(server.calls.length, 1);
  server.answer = json(429, {}, { 'Retry-After': '999999' });
  await clock.advance(1000);
  await server.untilCalls(2);
  while (results.length < 2) await setImmediate();
  await clock.advance(61_000);
  await server.untilCalls(3);
});

test('without a token or a CA nothing is sent; once both are there it goes on', async () => {
  rmSync(join(folder, 'token'));
  rmSync(join(folder, 'ca.crt'));
  const { run } = await open();
  void run();
  assert.match(String((await next(failed)).error), /ca\.crt holds no CA yet by which to know the operator/);
  writeFileSync(join(folder, 'ca.crt'), ca.certificate);
  await next(/trusting the CAs/, 5000);
  while (results.length < 5) await clock.advanceIdle(5000);
  assert.deepEqual(server.calls, []);
  writeFileSync(join(folder, 'token'), token);
  await next(issued, 5000);
});

test('what is stored is shown after a restart, while nobody answers; nobody else can read it', async () => {
  const { url } = server;
  const first = await open({ stored: true });
  const running = first.run();
  await next(issued);
  const file = join(folder, 'identity', 'identity.pem');
  while (statSync(file, { throwIfNoEntry: false }) === undefined) await setImmediate();
  stop.abort(new Error('restart'));
  await running;
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'identity')).mode & 0o777, 0o700);
  await server[Symbol.asyncDispose]();

  stop = new AbortController();
  log.lines.length = 0;
  const second = await open({ url, stored: true });
  void second.run();
  assert.ok(!second.enrollment.isPlaceholder);
  assert.equal(second.enrollment.credentials.key, first.enrollment.credentials.key);
  assert.equal(second.enrollment.credentials.chain, first.enrollment.credentials.chain);
  await clock.advance(5000);
  assert.deepEqual(results, ['issued'], 'it is good for a while');
  // Its hour ends while the operator is away: shown all the same, and another is asked for.
  while (clock.now() < second.enrollment.credentials.certificate.validToDate.getTime()) await clock.advanceIdle(minute);
  assert.equal(second.enrollment.credentials.chain, first.enrollment.credentials.chain);
  assert.match(log.text, failed);
  assert.doesNotMatch(log.text, new RegExp(`${token}|PRIVATE KEY`));
});

test('a stored certificate that has ended is shown, and renewed at once', async () => {
  const store = new IdentityStore(join(folder, 'identity'));
  const { certificate: chain, key } = await ca.agent(podUID, { notAfter: new Date(clock.now() - 2000) });
  await store.save({ key, chain, certificate: new X509Certificate(chain), others: [] });
  const { enrollment, run } = await open({ stored: true });
  assert.equal(enrollment.credentials.chain, chain);
  void run();
  await next(issued);
  assert.equal(enrollment.credentials.chain, server.issued[0]);
});

for (const [name, content] of [
  ['half a file', async () => (await ca.agent(podUID)).key],
  ['the identity of another pod', async () => Object.values(await ca.agent('another')).join('')],
  ['key and certificate of two', async () => (await ca.agent(podUID)).key + (await ca.agent(podUID)).certificate],
  ['more than anyone stores', async () => Promise.resolve('x'.repeat(100_000))],
] as const) {
  test(`a stored identity that cannot be used is replaced: ${name}`, async () => {
    const store = new IdentityStore(join(folder, 'identity'));
    const good = await ca.agent(podUID);
    await store.save({
      key: good.key,
      chain: good.certificate,
      certificate: new X509Certificate(good.certificate),
      others: [],
    });
    writeFileSync(store.path, await content());
    const { enrollment, run } = await open({ stored: true });
    assert.ok(enrollment.isPlaceholder);
    assert.match(log.text, /the identity that is stored cannot be used/);
    void run();
    await next(issued);
    while (!readFileSync(store.path, 'utf8').includes(server.issued[0] ?? '')) await setImmediate();
  });
}

test('a folder that cannot be written to costs no more than the memory of a restart', async () => {
  writeFileSync(join(folder, 'identity'), 'a file');
  const { enrollment, run } = await open({ stored: true });
  void run();
  await next(/the identity cannot be stored/);
  assert.ok(!enrollment.isPlaceholder);
});

test('the end: a request on its way is given up, and nothing is left', async () => {
  server.answer = () => undefined;
  const { run } = await open();
  const running = run();
  await server.untilCalls(1);
  stop.abort(new Error('the agent stops'));
  await running;
  assert.equal(clock.pendingTimers, 0);
  assert.deepEqual(results, []);
});
