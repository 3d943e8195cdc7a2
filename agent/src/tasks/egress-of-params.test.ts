import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { systemClock } from '@nodetask/runtime';
import { TaskError, taskParams, type TaskType, taskTypes } from '@nodetask/shared';
import * as z from 'zod';
import type { TaskHandler } from '../engine/task-handler.ts';
import { createEgress } from '../node/testing/loopback-egress.ts';
import { createHandlers } from './handlers.ts';

/**
 * Every parameter that can name a host passes the egress check when the task is submitted. The parameters are not listed here but found, in the schemas
 * of all task types: one that is added without the check fails this test.
 */

const egress = createEgress({ nodeRPC: 'http://127.0.0.1:26657' });
const handlers = createHandlers({
  home: '/sei',
  stateFolder: '/state',
  nodeRPC: 'http://127.0.0.1:26657',
  egress,
  clock: systemClock,
  hostname: 'node',
  cpus: 1,
});

after(async () => {
  await egress.close();
});

type Schema = z.core.JSONSchema.BaseSchema;

/** A text somewhere in the params; `[]` stands for an element of a list, `*` for a member of a map. */
interface Leaf {
  readonly path: readonly string[];
  readonly schema: Schema;
}

const leavesOf = (schema: Schema | boolean, path: readonly string[] = []): readonly Leaf[] => {
  if (typeof schema === 'boolean') return [];
  const at = (part: Schema | boolean | undefined, ...names: readonly string[]): readonly Leaf[] =>
    part === undefined ? [] : leavesOf(part, [...path, ...names]);
  return [
    ...(schema.type === 'string' && schema.const === undefined && schema.enum === undefined ? [{ path, schema }] : []),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) => at(part, name)),
    ...[schema.items ?? []].flat().flatMap((part) => at(part, '[]')),
    ...at(schema.additionalProperties, '*'),
    ...[...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])].flatMap((part) => at(part)),
  ];
};

/** The metadata service, in every way in which a parameter may name a host. */
const metadata = '169.254.169.254';
const spellings = [
  `http://${metadata}`,
  `http://${metadata}/`,
  `https://${metadata}/latest/meta-data/`,
  `tcp://${metadata}:26657`,
  `tcp://[::ffff:${metadata}]:443`,
  `[::ffff:${metadata}]:26657`,
  '2852039166:26657',
  '0xA9FEA9FE:80',
  'metadata.google.internal:80',
  'METADATA.google.internal.:443',
  metadata,
  `${metadata}:26656`,
  `${'0123456789'.repeat(4)}@${metadata}:26656`,
  `tcp://${'0123456789'.repeat(4)}@${metadata}:26656`,
  `mconn://${'ABCDEFabcd'.repeat(4)}@[::ffff:${metadata}]:26656`,
];

/** Names of what one connects to. */
const namesHost =
  /ur[il]|host|endpoint|rpc|server|addr|peer|proxy|origin|domain|seed|witness|gateway|callback|webhook/i;
const takes = (schema: Schema, text: string): boolean => z.fromJSONSchema(schema).safeParse(text).success;

/** They take digits and dots, but name no host: a bucket is part of a path, or of a name below that of the endpoint. addressType is one of three words. */
const noHosts: ReadonlySet<string> = new Set(['bucket', 'chainId', 'signal.process', 'sources.[].addressType']);

/** By its name, or because it takes an address and not just any text. */
const isHostLike = ({ path, schema }: Leaf): boolean => !noHosts.has(path.join('.')) && hasHost({ path, schema });

const hasHost = ({ path, schema }: Leaf): boolean =>
  namesHost.test(path.findLast((name) => name !== '[]') ?? '') ||
  (spellings.some((text) => takes(schema, text)) && !takes(schema, 'not an address!'));

const store = { bucket: 'sei-snapshots', region: 'eu-central-1' };

/** Params that are right, so that each host-like parameter has its place in one of them. */
const samples: Readonly<Record<TaskType, readonly object[]>> = {
  'snapshot-restore': [
    { ...store, endpoint: 'https://s3.example.com', chainId: 'pacific-1' },
    { uri: 's3://sei-snapshots/x', chainId: 'pacific-1' },
  ],
  'discover-peers': [
    { sources: [{ type: 'static', addresses: [`${'0123456789'.repeat(4)}@sentry.example.com:26656`] }] },
    { sources: [{ type: 'ec2Tags', region: 'eu-central-1', tags: { a: 'b' }, endpoint: 'https://ec2.example.com' }] },
    { sources: [{ type: 'dns', hostname: 'seeds.example.com' }] },
  ],
  'config-patch': [{ files: { 'config.toml': { moniker: 'a' } } }],
  'config-apply': [{ mode: 'full', overrides: {} }],
  'config-validate': [{}],
  'config-reload': [{ fields: {} }],
  'mark-ready': [{}],
  'configure-genesis': [
    { uri: 'https://example.com/genesis.json' },
    { rpc: 'http://sentry.example.com:26657' },
    { uri: 's3://sei-snapshots/genesis.json', region: 'eu-central-1', endpoint: 'https://s3.example.com' },
  ],
  'configure-state-sync': [{ rpcServers: ['http://a.example.com:26657', 'http://b.example.com:26657'] }],
  'snapshot-upload': [{ ...store, endpoint: 'https://s3.example.com' }, { uri: 's3://sei-snapshots/x' }],
  'result-export': [
    { ...store, endpoint: 'https://s3.example.com', rpcEndpoint: 'http://sentry.example.com:26657' },
    { ...store, rpcEndpoint: 'sentry.example.com:26657' },
    { uri: 's3://sei-snapshots/x' },
  ],
};

/** A copy of `sample` with `text` at `path`; undefined where it has no such place. */
const withText = (sample: unknown, [name, ...rest]: readonly string[], text: string): unknown => {
  if (name === undefined) return text;
  if (name === '[]') {
    if (!Array.isArray(sample)) return undefined;
    const [first, ...others] = sample as readonly unknown[];
    const changed = withText(first, rest, text);
    return changed === undefined ? undefined : [changed, ...others];
  }
  if (typeof sample !== 'object' || sample === null || !Object.hasOwn(sample, name)) return undefined;
  const changed = withText((sample as Record<string, unknown>)[name], rest, text);
  return changed === undefined ? undefined : { ...sample, [name]: changed };
};

const hostLike = (type: TaskType): readonly Leaf[] =>
  leavesOf(z.toJSONSchema(taskParams[type].object, { io: 'input', unrepresentable: 'any' }) as Schema).filter(
    isHostLike,
  );

for (const type of taskTypes) {
  const { schema } = taskParams[type];
  const leaves = hostLike(type);
  if (leaves.length === 0) continue;
  describe(type, () => {
    for (const { path } of leaves) {
      test(`${path.join('.')} cannot be the metadata service`, () => {
        const places = samples[type].filter((sample) => withText(sample, path, 'x') !== undefined);
        assert.notEqual(places.length, 0, `give a sample of ${type} that has ${path.join('.')}`);
        const handler = handlers[type] as TaskHandler;
        for (const sample of places) {
          const params = schema.safeParse(sample);
          assert.ok(params.success, `${JSON.stringify(sample)}: ${String(params.error)}`);
          handler.check?.(params.data);
          for (const text of spellings) {
            const wrong = schema.safeParse(withText(sample, path, text));
            // What the schema refuses goes nowhere.
            if (!wrong.success) continue;
            assert.throws(
              () => handler.check?.(wrong.data),
              (error) => error instanceof TaskError && error.code === 'egress-refused',
              `${path.join('.')}: ${text} passes`,
            );
          }
        }
      });
    }
  });
}

test('these are found', () => {
  assert.deepEqual(
    Object.fromEntries(taskTypes.map((type) => [type, hostLike(type).map(({ path }) => path.join('.'))])),
    {
      'snapshot-restore': ['endpoint', 'uri'],
      'discover-peers': ['sources.[].addresses.[]', 'sources.[].endpoint', 'sources.[].hostname'],
      'config-patch': [],
      'config-apply': [],
      'config-validate': [],
      'config-reload': [],
      'mark-ready': [],
      'configure-genesis': ['uri', 'endpoint', 'rpc'],
      'configure-state-sync': ['rpcServers.[]'],
      'snapshot-upload': ['endpoint', 'uri'],
      'result-export': ['endpoint', 'uri', 'rpcEndpoint'],
    },
  );
});
