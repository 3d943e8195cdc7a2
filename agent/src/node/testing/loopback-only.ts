import { BlockList, Socket } from 'node:net';

/** On loopback and blocked all the same: on it the guard can be seen to work, and nothing leaves the machine while it does not. */
export const trialAddress = '127.0.0.254';

const elsewhere = new BlockList();
elsewhere.addAddress(trialAddress, 'ipv4');
elsewhere.addRange('0.0.0.0', '126.255.255.255', 'ipv4');
elsewhere.addRange('128.0.0.0', '255.255.255.255', 'ipv4');
elsewhere.addAddress('::', 'ipv6');
elsewhere.addRange('::2', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'ipv6');

/** The addresses that no socket connects to: `ERR_IP_BLOCKED`, also where a name leads to one. */
export const blocked: Pick<BlockList, 'check'> = elsewhere;

interface Guarded {
  blockList?: BlockList;
}

type Connect = (this: Socket, ...args: unknown[]) => Socket;

// oxlint-disable-next-line typescript/unbound-method -- it is called with the socket
const connect = Socket.prototype.connect as Connect;

const connectToLoopback: Connect = function (...args) {
  if (!isPipe(args)) (this as Guarded).blockList = elsewhere;
  return connect.apply(this, args);
};

/**
 * From now on no socket of this process connects to anything but loopback: a test of a guard must not reach the metadata service of the
 * machine that it runs on, or a stranger, on the day on which the guard is broken. Everything that opens a connection by Node.js comes
 * through here: node:net, node:tls, node:http, undici, the SDKs.
 */
export const keepToLoopback = (): void => {
  Object.assign(Socket.prototype, { connect: connectToLoopback });
};

/** A Unix socket has no address. node:net itself calls with one list of all arguments. */
const isPipe = (args: readonly unknown[]): boolean => {
  const [first] = args;
  const options: unknown = Array.isArray(first) ? first[0] : first;
  if (typeof options === 'string') return Number.isNaN(Number(options));
  return typeof options === 'object' && options !== null && 'path' in options && typeof options.path === 'string';
};
