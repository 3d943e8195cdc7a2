import { BlockList, isIP } from 'node:net';

/** Where the HTTP API listens; without a host: all addresses. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** `host:port`, `:port` or `[IPv6]:port`; undefined where the text is none of them. */
export const listenAddress = (text: string): ListenAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined;
  const host = ipv6 ?? name ?? '';
  return host === '' ? { port } : { host, port };
};

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine (this pod) can reach it. */
export const isLoopback = ({ host }: ListenAddress): boolean => {
  if (host === undefined) return false;
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
};
