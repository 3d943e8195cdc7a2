import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

export interface ServiceRecord {
  /** Labels are split at dots; one may hold any other byte. */
  readonly target: string;
  readonly port: number;
}

/**
 * A real DNS server on loopback (UDP) that answers every query with the same SRV records, or with nothing where `records` is undefined.
 * Answers its `address:port`. RFC 1035, RFC 2782.
 */
export const startDnsServer = async (
  test: TestContext,
  records: readonly ServiceRecord[] | undefined,
): Promise<string> => {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    if (records !== undefined) socket.send(answer(query, records), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  test.after(async () => {
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  });
  return `127.0.0.1:${socket.address().port}`;
};

const answer = (query: Buffer, records: readonly ServiceRecord[]): Buffer => {
  const nameEnd = query.indexOf(0, 12) + 1;
  const question = query.subarray(12, nameEnd + 4);
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // A response to a recursive query; code 3 where there is no such name.
  header.writeUInt16BE(records.length === 0 ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records.map(record)]);
};

const record = ({ target, port }: ServiceRecord): Buffer => {
  const labels = target.split('.').filter((label) => label !== '');
  const name = Buffer.concat([
    ...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.of(0),
  ]);
  // Name of the question, type SRV, class IN, TTL, length of what follows.
  const head = Buffer.from([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 1, 0, 6 + name.length]);
  return Buffer.concat([head, Buffer.from([0, 1, 0, 1, port >> 8, port & 255]), name]);
};
