import * as fc from 'fast-check';
import type { TaskParams } from '@nodetask/shared';

type KeysOfUnion<T> = T extends unknown ? keyof T : never;

/** Every key of `params`, of any task type that has some. */
export type ParamKey = KeysOfUnion<TaskParams[Exclude<keyof TaskParams, 'mark-ready'>]>;

interface Values {
  /** Values that the key may have where its task type takes it. */
  readonly good: fc.Arbitrary<unknown>;
  /** Values that it may not have. */
  readonly bad: fc.Arbitrary<unknown>;
}

const matching = (pattern: RegExp, maxLength: number): fc.Arbitrary<string> =>
  fc.stringMatching(pattern).filter((text) => text.length <= maxLength && text.isWellFormed());

const text = (pattern: RegExp, maxLength: number, ...bad: readonly string[]): Values => ({
  good: matching(pattern, maxLength),
  bad: fc.constantFrom<unknown>(...bad, '', ' ', 7, true, {}),
});

const integer = (min: number, max: number): Values => ({
  good: fc.integer({ min, max }),
  bad: fc.constantFrom<unknown>(min - 1, max + 1, min + 0.5, String(min), true, []),
});

const flag: Values = { good: fc.boolean(), bad: fc.constantFrom<unknown>('true', 1, []) };

const choice = (...choices: readonly string[]): Values => ({
  good: fc.constantFrom(...choices),
  bad: fc.constantFrom<unknown>('other', '', 1),
});

const rpcAddress: Values = text(
  /^(https?:\/\/[a-z0-9.-]{1,30}(:[1-9][0-9]{0,3})?(\/[!-~]{0,20})?|(tcp:\/\/)?([A-Za-z0-9][a-z0-9.-]{0,30}|\[2001:dB8::[0-9a-f]{1,4}\]):[1-9][0-9]{0,3}\/?)$/,
  2048,
  'host',
  'host:0',
  'host:65536',
  'host:1/path',
  'tcp://host',
  'tcp://a:b@c:1',
  '2001:db8::1:1',
  'http://a:b@c',
  'ftp://a',
);

const map = (value: fc.Arbitrary<string>, minKeys: number, maxKeys: number): Values => ({
  good: fc.dictionary(fc.stringMatching(/^[a-z.]{1,12}$/), value, { minKeys, maxKeys: minKeys + 3 }),
  bad: fc.constantFrom<unknown>(
    ...(minKeys > 0 ? [{}] : []),
    { key: 1 },
    ['key'],
    Object.fromEntries(Array.from({ length: maxKeys + 1 }, (_, index) => [`k${index}`, ''])),
  ),
});

const peer = fc.stringMatching(/^((tcp|mconn):\/\/)?[0-9A-Fa-f]{40}@[a-z0-9.]{1,20}:[1-9][0-9]{0,3}\/?$/);

const goodSource = fc.oneof(
  fc.record({ type: fc.constant('static'), addresses: fc.array(peer, { minLength: 1, maxLength: 3 }) }),
  fc.record(
    {
      type: fc.constant('ec2Tags'),
      region: fc.constant('eu-central-1'),
      tags: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string({ maxLength: 9 }), { minKeys: 1, maxKeys: 3 }),
      addressType: fc.constantFrom('auto', 'private', 'public'),
      endpoint: fc.constant('http://ec2.example.com'),
    },
    { requiredKeys: ['type', 'region', 'tags'] },
  ),
  fc.record(
    {
      type: fc.constant('dns'),
      hostname: matching(/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?\.?$/, 253),
      srv: fc.boolean(),
    },
    { requiredKeys: ['type', 'hostname'] },
  ),
);

/** A source with members taken away or of another variant. */
const oddSource = fc.record(
  {
    type: fc.constantFrom('static', 'ec2Tags', 'dns'),
    addresses: fc.array(peer, { minLength: 1, maxLength: 1 }),
    region: fc.constant('eu-central-1'),
    tags: fc.constant({ role: 'sentry' }),
    addressType: fc.constantFrom('private', 'ipv6'),
    endpoint: fc.constant('http://ec2.example.com'),
    hostname: fc.constant('seeds.example.com'),
    srv: fc.boolean(),
  },
  { requiredKeys: [] },
);

const fileNames = ['config.toml', 'app.toml', 'client.toml', 'genesis.json'] as const;

const perFile = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<string, T>>> =>
  fc.record(Object.fromEntries(fileNames.map((name) => [name, value])), { requiredKeys: [] });

const patch = fc.dictionary(
  fc.stringMatching(/^[a-z_-]{1,8}$/),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.integer()),
    fc.dictionary(fc.constant('x'), fc.double({ noNaN: true, noDefaultInfinity: true })),
  ),
);

export const paramValues: Readonly<Record<ParamKey, Values>> = {
  bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 63, 'ab', 'Bucket', 'a_b', '-ab'),
  prefix: { good: fc.string({ maxLength: 512 }), bad: fc.constantFrom<unknown>('x'.repeat(513), 7) },
  region: text(/^[a-z0-9-]{1,64}$/, 64, 'EU', 'eu central'),
  endpoint: text(/^https?:\/\/[a-z0-9.:-]{1,30}\/?$/, 2048, 's3.example.com', 'http://a/b', 'http://a:b@c'),
  forcePathStyle: flag,
  requestPayer: choice('requester'),
  anonymous: flag,
  uri: {
    good: matching(/^(s3|https):\/\/[a-z0-9.-]{1,30}(\/[!-~]{0,20})?$/, 2048),
    bad: fc.constantFrom<unknown>('http://a', 'file:///a', 's3://', 'https://a:b@c/d', 7),
  },
  chainId: {
    ...text(/^[A-Za-z0-9._-]+$/, 50, 'a b', 'x'.repeat(51)),
    // Public chains need no other param of configure-genesis.
    good: fc.oneof(matching(/^[A-Za-z0-9._-]+$/, 50), fc.constantFrom('pacific-1', 'atlantic-2', 'arctic-1')),
  },
  sha256: text(/^[0-9a-f]{64}$/, 64, 'abc', 'A'.repeat(64), '0'.repeat(65)),
  targetHeight: integer(1, Number.MAX_SAFE_INTEGER),
  allowOtherChain: flag,
  allowRunning: flag,
  keepOthers: flag,
  allowUnverified: flag,
  force: flag,
  sources: {
    good: fc.array(goodSource, { minLength: 1, maxLength: 3 }),
    bad: fc.oneof(fc.constantFrom<unknown>([], {}, [{ type: 'gcp' }]), fc.tuple(oddSource)),
  },
  port: integer(1, 65_535),
  rpcPort: integer(1, 65_535),
  files: {
    good: perFile(patch),
    bad: fc.constantFrom<unknown>({ 'other.toml': {} }, { 'config.toml': 'x' }, { 'config.toml': [] }, []),
  },
  remove: {
    good: perFile(fc.array(fc.stringMatching(/^[a-z.]{1,12}$/), { minLength: 1, maxLength: 3 })),
    bad: fc.constantFrom<unknown>(
      { 'other.toml': ['a'] },
      { 'config.toml': [] },
      { 'config.toml': [''] },
      { 'config.toml': 'a' },
    ),
  },
  dryRun: flag,
  allowHistoryLoss: flag,
  strict: flag,
  dialect: choice('sei', 'cometbft'),
  mode: choice('validator', 'full', 'seed', 'archive'),
  overrides: map(fc.string({ maxLength: 20 }), 0, 256),
  incremental: flag,
  targetVersion: integer(1, 1000),
  fields: map(fc.string({ maxLength: 20 }), 1, 64),
  signal: {
    good: fc.record({
      process: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
      name: fc.constantFrom('SIGHUP', 'SIGUSR1', 'SIGUSR2'),
    }),
    bad: fc.constantFrom<unknown>(
      {},
      { process: 'a' },
      { name: 'SIGHUP' },
      { process: 'a/b', name: 'SIGHUP' },
      { process: 'a', name: 'SIGKILL' },
    ),
  },
  rpc: rpcAddress,
  rpcServers: {
    good: fc.array(rpcAddress.good, { minLength: 1, maxLength: 4 }),
    bad: fc.constantFrom<unknown>([], ['http://a', 'b'], 'http://a'),
  },
  allowSingleWitness: flag,
  trustPeriod: text(/^([0-9]{1,4}(\.[0-9]{1,3})?(ns|us|µs|ms|s|m|h)){1,3}$/, 64, '7d', '5', 'h'),
  trustHeightOffset: integer(1, 10_000_000),
  useLocalSnapshot: flag,
  backfillBlocks: integer(0, 1_000_000_000),
  compression: choice('gzip', 'zstd'),
  includeMetadata: flag,
  rpcEndpoint: rpcAddress,
  pageSize: integer(1, 100_000),
  startHeight: integer(1, Number.MAX_SAFE_INTEGER),
  concurrency: integer(1, 256),
  partialPage: flag,
  maxAgeSeconds: integer(1, 315_360_000),
};
