import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { boundedMap, dialect } from './fields.ts';
import { peerAddress } from './peer-address.ts';

const hostname = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?\.?$/, 'must be a DNS name');

const staticSource = z.strictObject({
  type: z.literal('static'),
  addresses: z
    .array(peerAddress)
    .min(1)
    .max(256)
    .describe(
      'Peers as <node id>@<host>:<port>, also with tcp:// before it and with a node id in upper case, which are written without and in lower case. They are not asked. Only with type static.',
    ),
});

const addressTypes = ['auto', 'private', 'public'] as const;

export type AddressType = (typeof addressTypes)[number];

const ec2TagsSource = z.strictObject({
  type: z.literal('ec2Tags'),
  region: z
    .string()
    .max(64)
    .regex(/^[a-z0-9-]{1,64}$/, 'must be a region name such as eu-central-1')
    .describe('AWS region to search. Only with type ec2Tags.'),
  tags: boundedMap({ key: 128, value: 256 }, { minKeys: 1, maxKeys: 50 }).describe(
    'Tags that an instance must carry, all of them; running instances only. Only with type ec2Tags.',
  ),
  addressType: z
    .enum(addressTypes)
    .optional()
    .describe(
      'Address by which an instance becomes a peer: private or public, and its IPv6 address if it has none of that type. With auto all are asked, and the private one is taken if it answers as the same node. Default: auto. Only with type ec2Tags.',
    ),
  endpoint: z
    .string()
    .max(2048)
    .regex(/^https?:\/\/[^\s/?#@]+\/?$/, 'must be an http:// or https:// URL of a host')
    .optional()
    .describe('URL of an EC2-compatible server. Default: the AWS endpoint of the region. Only with type ec2Tags.'),
});

const dnsSource = z.strictObject({
  type: z.literal('dns'),
  hostname: hostname.describe('DNS name whose addresses, or SRV targets, are asked. Only with type dns.'),
  srv: z.boolean().default(false).describe('Look up SRV records and take their ports. Only with type dns.'),
});

/** CometBFT's own ports. */
export const defaultPeerPorts = { port: 26656, rpcPort: 26657 } as const;

const port = z.int().min(1).max(65535);

export const discoverPeersParams = defineParams(
  z.strictObject({
    sources: z
      .array(z.discriminatedUnion('type', [staticSource, ec2TagsSource, dnsSource]))
      .min(1)
      .max(16)
      .describe('Where to look for peers, in order.'),
    keepOthers: z
      .boolean()
      .default(true)
      .describe(
        'Keep the peers in the file that no earlier run of this task wrote. With false they leave the file if no source lists them.',
      ),
    port: port
      .default(defaultPeerPorts.port)
      .describe('P2P port of discovered hosts. Only with a source that does not tell it: ec2Tags, or dns without srv.'),
    rpcPort: port
      .default(defaultPeerPorts.rpcPort)
      .describe('RPC port on which discovered hosts are asked for their node id. Not with static sources alone.'),
    dialect,
  }),
);

export type DiscoverPeersParams = z.output<typeof discoverPeersParams.schema>;
