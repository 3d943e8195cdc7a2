import { BlockList, isIP } from 'node:net';
import type { ListenAddress } from '@nodetask/runtime/command-line';

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
