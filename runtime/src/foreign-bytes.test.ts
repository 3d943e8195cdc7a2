import { deepEqual, equal, rejects } from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { boundBytes, boundStream, readBounded, readStart, TooManyBytesError } from './foreign-bytes.ts';

/** A body that never ends, and counts what was taken of it. */
const endless = (): { readonly body: Readable; readonly taken: () => number } => {
  let taken = 0;
  const body = new Readable({
    highWaterMark: 1024,
    read() {
      taken += 1024;
      this.push(Buffer.alloc(1024, 'x'));
    },
  });
  return { body, taken: () => taken };
};

/** Bytes one by one, all in the same buffer. */
const drops = async function* (): AsyncGenerator<Uint8Array> {
  const drop = Buffer.alloc(1);
  for (let sent = 0; sent < 5_000; sent += 1) yield drop.fill(sent % 251);
};

describe('bytes of another program', () => {
  it('are returned whole up to the bound', async () => {
    const body = Readable.from([Buffer.from('ab'), Buffer.from('cd')]);
    deepEqual(await readBounded(body, 4), Buffer.from('abcd'));
  });

  it('are copied as they come: chunks of one byte are not kept one by one', async () => {
    const sent = Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 251));
    equal((await readBounded(drops(), 5_000)).equals(sent), true);
    equal((await readStart(drops(), 5_000)) === sent.toString('utf8'), true);
  });

  it('are refused with the first byte beyond the bound, and the stream is destroyed', async () => {
    const { body, taken } = endless();
    await rejects(readBounded(body, 10_000), new TooManyBytesError(10_000));
    equal(body.destroyed, true);
    equal(taken() < 20_000, true);
  });

  it('are handed on up to the bound when they are read as a stream', async () => {
    const { body } = endless();
    let bytes = 0;
    await rejects(async () => {
      for await (const chunk of boundBytes(body, 5000)) bytes += chunk.length;
    }, TooManyBytesError);
    equal(bytes, 4096);
    equal(body.destroyed, true);
  });

  it('fail as a stream with the first byte beyond the bound, with the error that is wanted', async () => {
    const { body, taken } = endless();
    const bounded = boundStream(body, 10_000, () => new Error('the store floods'));
    await rejects(bounded.toArray(), new Error('the store floods'));
    equal(body.destroyed, true);
    equal(taken() < 200_000, true);
    deepEqual(await boundStream(Readable.from([Buffer.from('ab')]), 2).toArray(), [Buffer.from('ab')]);
  });

  it('are left when the bounded stream is left, and an error of the body comes through', async () => {
    const { body } = endless();
    const bounded = boundStream(body, 10_000);
    const closed = new Promise((resolve) => body.once('close', resolve));
    bounded.destroy();
    await closed;
    const broken = new Readable({ read() {} });
    const reading = rejects(boundStream(broken, 10).toArray(), new Error('reset'));
    broken.destroy(new Error('reset'));
    await reading;
  });

  it('are cut for an error message, and the stream is destroyed', async () => {
    const { body } = endless();
    equal(await readStart(body, 10), 'x'.repeat(10));
    equal(body.destroyed, true);
  });
});
