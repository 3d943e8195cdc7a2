import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** Connections of tests that speak bytes. Each wait has a bound: what does not come fails the test, which can then end. */

const boundMs = 15_000;

const within = async <T>(wait: Promise<T>, what: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what} within ${String(boundMs / 1000)} s`));
    }, boundMs);
  });
  // If the wait fails after its end, nobody waits for it any more.
  wait.catch(() => undefined);
  try {
    return await Promise.race([wait, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** A connection to a server on this machine, from an address of 127.0.0.0/8. */
export const openRaw = async (port: number, localAddress = '127.0.0.1'): Promise<Socket> => {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  await within(once(socket, 'connect'), 'no connection');
  return socket;
};

/** Resolves once the other side has closed the connection, however. */
export const untilClosed = async (socket: Socket): Promise<void> => {
  socket.on('error', () => undefined).resume();
  if (socket.destroyed) return;
  await within(new Promise((resolve) => socket.once('close', resolve)), 'the connection was not closed');
};

/** The first bytes that come back for these. */
export const firstAnswer = async (socket: Socket, bytes: string): Promise<string> => {
  socket.resume();
  const data = once(socket, 'data') as Promise<[Buffer]>;
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('the connection was closed')));
  socket.write(bytes);
  const [answer] = await within(Promise.race([data, closed]), 'no answer');
  return answer.toString();
};

/** All that comes back for these bytes until the other side closes the connection. */
export const wholeAnswer = async (socket: Socket, bytes: string): Promise<string> => {
  const answer = text(socket);
  socket.write(bytes);
  return within(answer, 'the connection was not closed');
};
