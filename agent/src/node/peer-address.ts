import { isIPAddress } from './ip-address.ts';

/** A peer as CometBFT's persistent_peers names it. */
export interface PeerAddress {
  /** 40 lower-case hexadecimal digits. */
  readonly id: string;
  /** A name or an IP address, the latter without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `id@host:port` as nodes do, also with a scheme such as `tcp://` before it, a slash behind it, and an id in upper case; undefined if the text is none. */
export const parsePeerAddress = (text: string): PeerAddress | undefined => {
  const [, id = '', host = '', port = ''] =
    /^(?:[A-Za-z]+:\/\/)?([0-9A-Fa-f]{40})@(\[[^\]]+\]|[^:[\]\s,@/]+):(\d{1,5})\/?$/.exec(text.trim()) ?? [];
  const bare = host.replace(/^\[|\]$/g, '');
  const isValid =
    bare !== '' && (host.startsWith('[') ? isIPAddress(bare) && bare.includes(':') : true) && isPort(Number(port));
  return isValid ? { id: id.toLowerCase(), host: bare, port: Number(port) } : undefined;
};

export const formatPeerAddress = ({ id, host, port }: PeerAddress): string => `${id}@${hostAndPort(host, port)}`;

/** With an IPv6 address in brackets. */
export const hostAndPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

export const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;

/** The members of a list that a config file keeps as one text. */
export const splitList = (text: string): readonly string[] =>
  text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
