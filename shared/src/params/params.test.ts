import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxParamsBytes } from '../names.ts';
import { type TaskType, taskTypes } from '../task-type.ts';
import { type TaskParams, taskParams } from './registry.ts';

type Params = Readonly<Record<string, unknown>>;

interface Cases {
  /** What is given, and what it becomes (absent: the same). */
  readonly accepts: readonly (readonly [given: Params, parsed?: Params])[];
  /** What is given, and part of the message. */
  readonly refuses: readonly (readonly [given: Params, message: RegExp])[];
}

const bucket = { bucket: 'sei-data', region: 'eu-central-1' };
const uri = { uri: 's3://sei-data/pacific-1' };
const peer = `${'0123456789'.repeat(4)}@sentry.example.com:26656`;
const digest = '0123456789abcdef'.repeat(4);

/** What every type with an object store refuses. `more` makes the rest right. */
const wrongStores = (more: Params): Cases['refuses'] => [
  [more, /give either bucket and region, or uri/],
  [{ ...more, ...bucket, ...uri }, /give either bucket and region, or uri/],
  [{ ...more, bucket: 'sei-data' }, /bucket needs region/],
  [{ ...more, ...uri, prefix: 'x' }, /prefix does not go with uri/],
  [{ ...more, uri: 'https://example.com/x' }, /uri must be s3/],
  [{ ...more, uri: 'sei-data' }, /must be s3:\/\/bucket/],
  [{ ...more, ...bucket, bucket: 'Sei_Data' }, /must be an S3 bucket name/],
  [{ ...more, ...bucket, bucket: 'ab' }, /must be an S3 bucket name/],
  [{ ...more, ...bucket, region: 'EU' }, /must be a region name/],
  [{ ...more, ...bucket, endpoint: 'https://key:secret@s3.example.com' }, /without path and credentials/],
  [{ ...more, ...bucket, endpoint: 's3.example.com' }, /must be an http/],
  [{ ...more, ...bucket, requestPayer: 'owner' }, /requestPayer/],
];

const insisted = { allowRunning: true, allowUnverified: true, force: true };

const cases: Readonly<Record<TaskType, Cases>> = {
  'snapshot-restore': {
    accepts: [
      [
        { ...bucket, chainId: 'pacific-1' },
        { ...bucket, chainId: 'pacific-1', allowRunning: false, allowUnverified: false, force: false },
      ],
      [{ ...uri, chainId: 'pacific-1', targetHeight: 1, sha256: digest, ...insisted }],
      [
        {
          ...bucket,
          chainId: 'pacific-1',
          prefix: 'pacific-1/',
          endpoint: 'http://s3.example.com:9000/',
          forcePathStyle: true,
          requestPayer: 'requester',
          anonymous: false,
          ...insisted,
        },
      ],
    ],
    refuses: [
      ...wrongStores({ chainId: 'pacific-1' }),
      [{ ...bucket, chainId: 'pacific-1', anonymous: true, requestPayer: 'requester' }, /does not go with anonymous/],
      [bucket, /chainId/],
      [{ ...bucket, chainId: 'pacific 1' }, /must be a chain id/],
      [{ ...bucket, chainId: '' }, /chainId/],
      [{ ...bucket, chainId: 'pacific-1', targetHeight: 0 }, /targetHeight/],
      [{ ...bucket, chainId: 'pacific-1', targetHeight: 1.5 }, /targetHeight/],
      [{ ...bucket, chainId: 'pacific-1', sha256: digest.toUpperCase() }, /must be a SHA-256 digest/],
      [{ ...bucket, chainId: 'pacific-1', sha256: null }, /sha256/],
    ],
  },
  'discover-peers': {
    accepts: [
      [
        { sources: [{ type: 'dns', hostname: 'seeds.example.com' }] },
        {
          sources: [{ type: 'dns', hostname: 'seeds.example.com', srv: false }],
          keepOthers: true,
          port: 26656,
          rpcPort: 26657,
        },
      ],
      [{ sources: [{ type: 'static', addresses: [peer] }], keepOthers: false, port: 1, rpcPort: 65535 }],
      [
        {
          sources: [
            { type: 'static', addresses: [`tcp://${'0123456789'.repeat(4)}@a:1`, `mconn://${'aB'.repeat(20)}@A:1`] },
          ],
        },
        {
          sources: [{ type: 'static', addresses: [`${'0123456789'.repeat(4)}@a:1`, `${'ab'.repeat(20)}@A:1`] }],
          keepOthers: true,
          port: 26656,
          rpcPort: 26657,
        },
      ],
      [
        {
          sources: [
            {
              type: 'ec2Tags',
              region: 'eu-central-1',
              tags: { role: 'sentry' },
              addressType: 'private',
              endpoint: 'http://ec2.example.com',
            },
          ],
          keepOthers: true,
          port: 26656,
          rpcPort: 26657,
        },
      ],
    ],
    refuses: [
      [{}, /sources/],
      [{ sources: [] }, /sources/],
      [{ sources: [{ type: 'gcp' }] }, /sources/],
      [{ sources: [{ type: 'static' }] }, /addresses/],
      [{ sources: [{ type: 'static', addresses: ['sentry:26656'] }] }, /must be <40 hexadecimal digits>/],
      [{ sources: [{ type: 'static', addresses: [`http://${peer}`] }] }, /must be <40 hexadecimal digits>/],
      [{ sources: [{ type: 'static', addresses: [`g${peer.slice(1)}`] }] }, /must be <40 hexadecimal digits>/],
      [{ sources: [{ type: 'ec2Tags', region: 'eu-central-1' }] }, /tags/],
      [{ sources: [{ type: 'ec2Tags', region: 'r', tags: { a: 'b' }, addressType: 'ipv6' }] }, /expected one of/],
      [{ sources: [{ type: 'dns', hostname: 'seeds.example.com', addressType: 'private' }] }, /addressType/],
      [{ sources: [{ type: 'ec2Tags', region: 'eu-central-1', tags: {} }] }, /needs at least 1 key/],
      [{ sources: [{ type: 'dns', hostname: 'http://a' }] }, /must be a DNS name/],
      [{ sources: [{ type: 'dns', hostname: 'a', region: 'eu-central-1' }] }, /region/],
      [{ sources: [{ type: 'dns', hostname: 'a' }], port: 65536 }, /port/],
    ],
  },
  'config-patch': {
    accepts: [
      [
        { files: { 'config.toml': { moniker: 'a', p2p: { seeds: null, 'max-num-inbound-peers': 80 } } } },
        {
          files: { 'config.toml': { moniker: 'a', p2p: { seeds: null, 'max-num-inbound-peers': 80 } } },
          dryRun: false,
        },
      ],
      [{ remove: { 'app.toml': ['a.b'] }, dryRun: true }],
      [{ remove: { 'app.toml': ['pruning'] }, dryRun: false, allowHistoryLoss: true }],
      [{ files: { 'genesis.json': {} }, remove: {}, dryRun: false }],
      [{ files: { 'config.toml': {} }, dialect: 'cometbft', dryRun: false }],
    ],
    refuses: [
      [{}, /name at least one file/],
      [{ files: {} }, /name at least one file/],
      [{ files: { 'app.toml': {} }, dialect: 'sei' }, /dialect goes with files that name config\.toml/],
      [{ files: {}, remove: {}, dryRun: true }, /name at least one file/],
      [{ files: { '../config.toml': {} } }, /\.\.\/config\.toml/],
      [{ files: { 'config.toml': [] } }, /config\.toml/],
      [{ remove: { 'config.toml': [] } }, /config\.toml/],
      [{ remove: { 'config.toml': [''] } }, /config\.toml/],
      [{ files: { 'config.toml': { moniker: 'x'.repeat(maxParamsBytes) } } }, /params take at most 32 KiB/],
    ],
  },
  'config-apply': {
    accepts: [
      [{ mode: 'full' }, { mode: 'full', incremental: false, dryRun: false }],
      [{ mode: 'full', incremental: false, dryRun: true, allowHistoryLoss: true }],
      [{ incremental: true, overrides: { 'evm.http_port': '8545' }, targetVersion: 1, dryRun: false }],
    ],
    refuses: [
      [{}, /mode is required unless incremental is true/],
      [{ incremental: false }, /mode is required unless incremental is true/],
      [{ mode: 'sentry' }, /mode/],
      [{ mode: 'full', dryRun: 'true' }, /dryRun/],
      [{ mode: 'full', allowHistoryLoss: 1 }, /allowHistoryLoss/],
      [{ mode: 'full', overrides: { a: 1 } }, /overrides/],
      [{ mode: 'full', targetVersion: 0 }, /targetVersion/],
      [
        { mode: 'full', overrides: Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`k${index}`, ''])) },
        /takes at most 256 keys/,
      ],
    ],
  },
  'config-validate': {
    accepts: [[{}], [{ targetVersion: 2, dialect: 'sei' }], [{ strict: true }]],
    refuses: [
      [{ strict: 'true' }, /strict/],
      [{ dialect: 'tendermint' }, /dialect/],
      [{ targetVersion: '2' }, /targetVersion/],
      [{ targetVersoin: 2 }, /targetVersoin/],
    ],
  },
  'config-reload': {
    accepts: [
      [{ fields: { 'logging.level': 'debug' } }],
      [{ fields: { 'logging.level': 'debug' }, signal: { process: 'seid', name: 'SIGHUP' } }],
    ],
    refuses: [
      [{}, /fields/],
      [{ fields: {} }, /needs at least 1 key/],
      [{ fields: { a: 'b' }, signal: { process: 'seid' } }, /name/],
      [{ fields: { a: 'b' }, signal: { process: 'seid', name: 'SIGKILL' } }, /SIGHUP/],
      [{ fields: { a: 'b' }, signal: { process: '/usr/bin/seid', name: 'SIGHUP' } }, /must be the name of a program/],
    ],
  },
  'mark-ready': { accepts: [[{}]], refuses: [[{ force: true }, /force/]] },
  'configure-genesis': {
    accepts: [
      [{ rpc: 'http://127.0.0.1:26657' }, { rpc: 'http://127.0.0.1:26657', allowOtherChain: false }],
      [{ rpc: 'tcp://sentry:26657' }, { rpc: 'http://sentry:26657', allowOtherChain: false }],
      [{ rpc: 'https://rpc.example.com/path', chainId: 'pacific-1', sha256: digest, allowOtherChain: true }],
      [
        { uri: 'https://example.com/genesis.json' },
        { uri: 'https://example.com/genesis.json', allowOtherChain: false },
      ],
      [
        {
          uri: 's3://sei-data/genesis.json',
          region: 'eu-central-1',
          endpoint: 'http://s3:9000',
          forcePathStyle: true,
          allowOtherChain: false,
        },
      ],
    ],
    refuses: [
      [{}, /give exactly one of uri and rpc/],
      [{ chainId: 'pacific-2' }, /with a chainId of pacific-1, atlantic-2, arctic-1/],
      [{ ...uri, rpc: 'http://sentry:26657', chainId: 'pacific-1' }, /give exactly one of uri and rpc/],
      [{ ...uri, rpc: 'http://sentry:26657' }, /give exactly one of uri and rpc/],
      [{ rpc: 'http://sentry:26657', region: 'eu-central-1' }, /go with an s3:\/\/ uri only/],
      [{ uri: 'https://example.com/x', forcePathStyle: true }, /go with an s3:\/\/ uri only/],
      [{ uri: 'https://example.com/x', anonymous: true }, /go with an s3:\/\/ uri only/],
      [{ uri: 's3://a-b/x', anonymous: true, requestPayer: 'requester' }, /does not go with anonymous/],
      [{ rpc: 'ws://sentry:26657' }, /must be an http/],
      [{ rpc: 'http://me:secret@sentry:26657' }, /without credentials/],
      [{ rpc: 'http://sentry:26657', bucket: 'sei-data' }, /bucket/],
    ],
  },
  'configure-state-sync': {
    accepts: [
      [{}, { trustHeightOffset: 2000, useLocalSnapshot: false }],
      [
        { rpcServers: ['tcp://[2001:DB8::1]:26657'], allowSingleWitness: true },
        {
          rpcServers: ['http://[2001:db8::1]:26657'],
          allowSingleWitness: true,
          trustHeightOffset: 2000,
          useLocalSnapshot: false,
        },
      ],
      [
        { rpcServers: ['A:26657', 'b:443'] },
        { rpcServers: ['http://a:26657', 'https://b:443'], trustHeightOffset: 2000, useLocalSnapshot: false },
      ],
      [
        {
          rpcServers: ['http://a:26657', 'https://b'],
          trustPeriod: '168h0m0s',
          trustHeightOffset: 1,
          useLocalSnapshot: true,
          backfillBlocks: 0,
        },
      ],
    ],
    refuses: [
      [{ rpcServers: [] }, /rpcServers/],
      [{ rpcServers: ['http://a:26657'] }, /rpcServers needs two witnesses.*allowSingleWitness: true/],
      [{ rpcServers: ['a:26657'], allowSingleWitness: false }, /rpcServers needs two witnesses/],
      [{ allowSingleWitness: 'yes' }, /allowSingleWitness/],
      [{ rpcServers: ['http://a:26657', 'b'] }, /must be an http/],
      [{ trustPeriod: '7d' }, /must be a Go duration/],
      [{ trustHeightOffset: 0 }, /trustHeightOffset/],
    ],
  },
  'snapshot-upload': {
    accepts: [
      [bucket, { ...bucket, compression: 'gzip', includeMetadata: true }],
      [{ ...uri, compression: 'zstd', includeMetadata: false, maxAgeSeconds: 86_400 }],
    ],
    refuses: [
      ...wrongStores({}),
      [{ ...bucket, compression: 'lz4' }, /compression/],
      [{ ...bucket, maxAgeSeconds: 0 }, /maxAgeSeconds/],
      [{ ...bucket, maxAgeSeconds: '1d' }, /maxAgeSeconds/],
    ],
  },
  'result-export': {
    accepts: [
      [bucket, { ...bucket, pageSize: 1000, concurrency: 16, partialPage: false }],
      [
        { ...bucket, rpcEndpoint: 'sentry:26657' },
        { ...bucket, rpcEndpoint: 'http://sentry:26657', pageSize: 1000, concurrency: 16, partialPage: false },
      ],
      [
        {
          ...uri,
          rpcEndpoint: 'http://sentry:26657',
          pageSize: 1,
          startHeight: 5,
          concurrency: 256,
          partialPage: true,
          maxAgeSeconds: 3600,
        },
      ],
    ],
    refuses: [
      ...wrongStores({}),
      [{ ...bucket, pageSize: 0 }, /pageSize/],
      [{ ...bucket, concurrency: 257 }, /concurrency/],
      [{ ...bucket, maxAgeSeconds: 315_360_001 }, /maxAgeSeconds/],
    ],
  },
};

for (const type of taskTypes) {
  const { schema } = taskParams[type] as { schema: (typeof taskParams)['mark-ready']['schema'] };
  describe(`params of ${type}`, () => {
    for (const [given, parsed = given] of cases[type].accepts) {
      it(`accepts ${JSON.stringify(given)}`, () => {
        assert.deepEqual(schema.parse(given) satisfies TaskParams['mark-ready'], parsed);
      });
    }

    for (const [given, message] of cases[type].refuses) {
      it(`refuses ${JSON.stringify(given).slice(0, 200)}`, () => {
        const { error } = schema.safeParse(given);
        assert.match(error?.message ?? 'accepted', message);
      });
    }

    it('refuses a key that it does not know', () => {
      const { error } = schema.safeParse({ ...cases[type].accepts[0]?.[0], unknownKey: 1 });
      assert.match(error?.message ?? 'accepted', /unknownKey/);
    });
  });
}
