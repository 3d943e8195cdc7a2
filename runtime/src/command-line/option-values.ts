import { isIP } from 'node:net';
import * as z from 'zod';

/** Schemas of what the text of an option may say. Their messages go behind "<option> is <text>: ". */

export const filePath = z.string().min(1).max(4096);

/** Base URL of another server, without login, query or fragment. */
export const serverURL = z
  .string()
  .max(2048)
  .refine((text) => {
    const url = URL.parse(text);
    return (
      url !== null && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ''
    );
  }, 'must be an http:// or https:// URL without user, query and fragment, for instance http://collector:4318');

/** The text of a whole number. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most));

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const dnsName = (what: string, most = 253): z.ZodString =>
  z
    .string()
    .max(most)
    .regex(
      /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
      `must be the name of a ${what}: lower-case letters, digits, "-" and "."`,
    );

/** Where a server listens; without a host: all addresses. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** The text of an address to listen on. */
export const listenAddress = z.string().transform((text, context): ListenAddress => {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  context.addIssue({
    code: 'custom',
    message: 'must be <host>:<port>, :<port> or [<IPv6 address>]:<port>, with a port from 0 to 65535',
  });
  return z.NEVER;
});

const parseAddress = (text: string): ListenAddress | undefined => {
  const match = /^(?:\[([0-9a-fA-F:.%a-z]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, ipv6, name, digits] = match;
  const port = Number(digits);
  if (port > 65535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined;
  const host = ipv6 ?? name ?? '';
  return host === '' ? { port } : { host, port };
};
