// Ports and addresses for servers that are about to start. Ports come from below the range that Linux uses for outgoing connections
// (32768 and up), so that no connection takes one between the check and the server's own bind, and from below a node's usual ports
// (26656 and up): an agent asks 127.0.0.1:26657 for its node unless it is told otherwise, and no other server may answer there.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { errorCode } from '../process/process-identity.ts';

const FIRST_PORT = 12_000;
const LAST_PORT = 26_000;
const TRIES = 200;

const handedOut = new Set<string>();

/** A port on `host` on which nothing listens, and that this process has not handed out before. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    const key = `${host}:${port}`;
    if (handedOut.has(key)) continue;
    handedOut.add(key);
    if (await canListen(host, port)) return port;
  }
  throw new Error(`no free port on ${host} from ${FIRST_PORT} to ${LAST_PORT} after ${TRIES} tries`);
}

/**
 * An address in 127.0.0.0/8 that this process has not handed out before and on which nothing listens on `port`. On Linux the whole
 * network belongs to the loopback interface, so pods and chain nodes can each have an address of their own with the usual ports.
 */
export async function freeLoopbackAddress(port: number): Promise<string> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    // 127.0 is left to the servers of the machine and of other tests.
    const address = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
    if (handedOut.has(address)) continue;
    handedOut.add(address);
    if (await canListen(address, port)) return address;
  }
  throw new Error(`no address in 127.0.0.0/8 with a free port ${port} after ${TRIES} tries (this needs Linux)`);
}

async function canListen(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
