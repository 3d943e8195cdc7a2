/** Addresses as Go's package net takes them apart, and as the nodes read them. Names of hosts are not looked up. */
import { isIP } from 'node:net';

export interface HostPort {
  readonly host: string;
  readonly port: string;
}

/** As net.SplitHostPort: `[::1]:80`, `host:80`, `:80`; a host with colons needs brackets. */
export const splitHostPort = (address: string): HostPort | undefined => {
  const colon = address.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = address.slice(colon + 1);
  if (address.startsWith('[')) {
    const end = address.indexOf(']');
    const host = address.slice(1, end);
    return end + 1 === colon && !host.includes('[') && !/[[\]]/.test(port) ? { host, port } : undefined;
  }
  const host = address.slice(0, colon);
  return /[:[\]]/.test(host) || /[[\]]/.test(port) ? undefined : { host, port };
};

const maxPort = 65_535;

/** A host to listen on, and its port; a port that is left out is 0, any free one. A port by name is refused, as images often have no list of them. */
export const listenHostPort = (address: string): { readonly host: string; readonly port: number } | undefined => {
  const parts = splitHostPort(address);
  if (parts === undefined || !/^[+-]?\d*$/.test(parts.port) || !isPossibleHost(parts.host)) return undefined;
  const port = parts.port === '' ? 0 : Number(parts.port);
  return port >= 0 && port <= maxPort ? { host: parts.host, port } : undefined;
};

/** A host name has a letter, so that `1.2.3.400` is none. */
const isPossibleHost = (host: string): boolean =>
  host === '' || isIP(host) !== 0 || (/^[\w.-]{1,253}$/.test(host) && /[a-z_-]/i.test(host));

/** True for an address of a peer, or of the node for its peers: a host and a port in decimal digits, neither left out. */
export const isPeerHostPort = (address: string): boolean => {
  const parts = splitHostPort(address);
  return (
    parts !== undefined &&
    parts.host !== '' &&
    isPossibleHost(parts.host) &&
    /^\d{1,20}$/.test(parts.port) &&
    Number(parts.port) <= maxPort
  );
};

/** What CometBFT takes for the address where a scheme, of which it reads nothing, may stand before it. */
export const withoutScheme = (address: string): string => {
  const parts = address.split('://');
  return parts[1] ?? address;
};

/** The longest path of a Unix socket in bytes. */
const maxSocketPath = 107;

/** As net.Listen: `tcp`, `tcp4`, `tcp6` with host and port, `unix` with a path. */
export const canListen = (network: string, address: string): boolean => {
  if (network === 'unix') return Buffer.byteLength(address) <= maxSocketPath;
  if (!/^tcp[46]?$/.test(network)) return false;
  const at = listenHostPort(address);
  if (at === undefined) return false;
  const family = isIP(at.host);
  return !(network === 'tcp4' && family === 6) && !(network === 'tcp6' && family === 4);
};

/** `scheme://address`, split at the first `://`. */
export const splitScheme = (address: string): readonly [network: string, address: string] | undefined => {
  const at = address.indexOf('://');
  return at < 0 ? undefined : [address.slice(0, at), address.slice(at + 3)];
};

/** The texts between commas, without blanks at their ends; empty ones do not count. Only the blank U+0020 is cut. */
export const commaList = (value: string): readonly string[] =>
  value
    .split(',')
    .map((item) => {
      let [start, end] = [0, item.length];
      while (start < end && item[start] === ' ') start += 1;
      while (end > start && item[end - 1] === ' ') end -= 1;
      return item.slice(start, end);
    })
    .filter((item) => item !== '');
