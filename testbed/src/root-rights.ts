// What only root may do: building images, running containers, making namespaces.
import { readFileSync } from 'node:fs';

/** Bits of https://man7.org/linux/man-pages/man7/capabilities.7.html */
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n } as const;

/** Why this process may not `what` ("build images"), or false. */
export function lacksRootRights(what: string, needed: readonly (keyof typeof CAPABILITIES)[]): string | false {
  if (process.platform !== 'linux') return `one can ${what} on Linux only, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return `only root can ${what}`;
  const effective = BigInt(
    `0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`,
  );
  const missing = needed.filter((name) => ((effective >> CAPABILITIES[name]) & 1n) === 0n);
  return missing.length > 0 ? `to ${what}, root needs ${missing.join(' and ')}, which it has not got here` : false;
}
