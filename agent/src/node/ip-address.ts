import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { before } from '@nodetask/runtime/foreign-text';

/**
 * Why an address must not be connected to, or undefined. Loopback, link-local and unspecified addresses, multicast, and the metadata services
 * of clouds, whose answers hold credentials of the machine; also where an IPv6 address only wraps such an IPv4 one.
 */
export const refusedAddress = (address: string): string | undefined => {
  const { group: found, inner } = groupOf(address);
  return found === undefined || inner === undefined ? found?.what : `${found.what} (${inner}, inside an IPv6 address)`;
};

/** Of this machine; also where an IPv6 address only wraps such an IPv4 one. */
export const isLoopbackAddress = (address: string): boolean => groupOf(address).group === loopback;

/** The group of addresses that are not connected to in which this one is, by itself or by the IPv4 address inside it. */
const groupOf = (address: string): { readonly group: Group | undefined; readonly inner?: string } => {
  const plain = before(address, '%');
  const family = isIPv4(plain) ? 'ipv4' : 'ipv6';
  const found = refused.find(({ list }) => list.check(plain, family));
  const inner = found === undefined && family === 'ipv6' ? embeddedIPv4(plain) : undefined;
  return inner === undefined ? { group: found } : { group: groupOf(inner).group, inner };
};

export const isIPAddress = (host: string): boolean => isIPv4(host) || isIPv6(before(host, '%'));

interface Group {
  readonly what: string;
  readonly list: BlockList;
}

const group = (what: string, ...subnets: readonly string[]): Group => {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', prefix = ''] = subnet.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return { what, list };
};

const loopback = group('a loopback address', '127.0.0.0/8', '::1/128');

const refused = [
  loopback,
  // Linux connects to the machine itself for these.
  group('the unspecified address', '0.0.0.0/8', '::/128'),
  group('a link-local address, where clouds keep their metadata service', '169.254.0.0/16', 'fe80::/10'),
  group(
    'the metadata service of a cloud',
    'fd00:ec2::254/128', // AWS
    'fd20:ce::254/128', // Google Cloud
    '100.100.100.200/32', // Alibaba Cloud
    '168.63.129.16/32', // Azure
    '192.0.0.192/32', // Oracle Cloud
  ),
  group('a multicast or broadcast address', '224.0.0.0/4', '255.255.255.255/32', 'ff00::/8'),
];

/** The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380). */
const embeddedIPv4 = (address: string): string | undefined => {
  const words = wordsOf(address);
  const startsWith = (...prefix: readonly number[]): boolean => prefix.every((word, index) => words[index] === word);
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0, 0, 0, 0, 0, 0) || startsWith(0, 0, 0, 0, 0xffff, 0)) {
    return dotted(words[6], words[7]);
  }
  if (startsWith(0x64, 0xff9b)) return dotted(words[6], words[7]);
  if (startsWith(0x2002)) return dotted(words[1], words[2]);
  if (startsWith(0x2001, 0)) return dotted((words[6] ?? 0) ^ 0xffff, (words[7] ?? 0) ^ 0xffff);
  return undefined;
};

/** The eight 16-bit words; the URL parser has made one spelling of the many. */
const wordsOf = (address: string): readonly number[] => {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  if (tail === undefined) return parseWords(head);
  const [first, last] = [parseWords(head), parseWords(tail)];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
};

const parseWords = (part: string): readonly number[] =>
  part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));

const dotted = (high = 0, low = 0): string => [high >> 8, high & 255, low >> 8, low & 255].join('.');
