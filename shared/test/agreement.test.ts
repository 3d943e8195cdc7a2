import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { daemonTypes, nodeTaskSpecSchema, taskParams, type TaskType, taskTypes } from '@nodetask/shared';
import type { ControlPlane } from '@nodetask/testbed';
import { namespace, nodeTasksPath, startCluster } from './cluster.ts';
import { type ParamKey, paramValues } from './param-values.ts';

type Params = Readonly<Record<string, unknown>>;

interface Spec {
  readonly type: TaskType;
  readonly params?: Params;
}

const allKeys = Object.keys(paramValues) as ParamKey[];

const keysOf = (type: TaskType): readonly ParamKey[] => Object.keys(taskParams[type].object.shape) as ParamKey[];

const byZod = (spec: Spec): boolean =>
  nodeTaskSpecSchema.safeParse(spec).success && taskParams[spec.type].schema.safeParse(spec.params ?? {}).success;

/** One value of each key that is right for it. */
const example = Object.fromEntries(
  allKeys.map((key) => [key, fc.sample(paramValues[key].good, { numRuns: 1, seed: 1 })[0]]),
) as Readonly<Record<ParamKey, unknown>>;

const pick = (...keys: readonly ParamKey[]): Params => Object.fromEntries(keys.map((key) => [key, example[key]]));

/** Params that are right for a type, as few as possible. */
const least: Readonly<Record<TaskType, Params>> = {
  'snapshot-restore': pick('bucket', 'region', 'chainId'),
  'discover-peers': pick('sources'),
  'config-patch': { files: { 'config.toml': {} } },
  'config-apply': pick('mode'),
  'config-validate': {},
  'config-reload': pick('fields'),
  'mark-ready': {},
  'configure-genesis': pick('rpc'),
  'configure-state-sync': {},
  'snapshot-upload': pick('bucket', 'region'),
  'result-export': pick('bucket', 'region'),
};

const record = (keys: readonly ParamKey[], which: 'good' | 'bad'): fc.Arbitrary<Params> =>
  fc.record(Object.fromEntries(keys.map((key) => [key, paramValues[key][which]])));

/**
 * The least params of a type with a few more of its own, or any subset of them, each right by itself; and now and then a
 * key of any type or a wrong value.
 */
const anyParams = (type: TaskType): fc.Arbitrary<Params> => {
  const own = [...keysOf(type)];
  const few = fc.subarray(own, { maxLength: Math.min(2, own.length) }).chain((keys) => record(keys, 'good'));
  const any = fc.subarray(own).chain((keys) => record(keys, 'good'));
  const spoil = fc
    .tuple(fc.constantFrom(...allKeys), fc.constantFrom('good' as const, 'bad' as const))
    .chain(([key, which]) => record([key], which));
  return fc
    .tuple(
      fc.oneof(
        few.map((params) => ({ ...least[type], ...params })),
        any,
      ),
      fc.option(spoil, { freq: 2, nil: {} }),
    )
    .map(([params, spoilt]) => ({ ...params, ...spoilt }));
};

const anySpec = (type: TaskType): fc.Arbitrary<Spec> =>
  fc.oneof({ weight: 9, arbitrary: anyParams(type).map((params) => ({ type, params })) }, fc.constant({ type }));

/** Members of a spec, right and wrong. */
const members = {
  target: fc.record(
    {
      podName: fc.constantFrom('sei-rpc-0', 'a.b', 'A', '-a', ''),
      selector: fc.record(
        {
          matchLabels: fc.constantFrom<Readonly<Record<string, string>>>(
            {},
            { app: 'sei' },
            { 'app.kubernetes.io/name': '' },
            { 'bad key!': 'sei' },
            { app: 'not valid!' },
            { 'a..b/name': 'sei' },
            { [`${'p'.repeat(254)}/name`]: 'sei' },
            { [`${'p'.repeat(253)}/name`]: 'sei' },
            { [`app/${'n'.repeat(64)}`]: 'sei' },
          ),
          matchExpressions: fc.array(
            fc.record(
              {
                key: fc.constantFrom('app', 'app.kubernetes.io/name', 'a b', '', 'a..b/c', `${'p'.repeat(254)}/c`),
                operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt'),
                values: fc.array(fc.constantFrom('a', '', '-'), { maxLength: 2 }),
              },
              { requiredKeys: ['key', 'operator'] },
            ),
            { maxLength: 2 },
          ),
        },
        { requiredKeys: [] },
      ),
      waitSeconds: fc.constantFrom(0, 1, 604_800, 604_801),
    },
    { requiredKeys: [] },
  ),
  async: fc.record(
    {
      schedule: fc.record(
        {
          cron: fc.constantFrom('0 3 * * *', '@daily', ' 0  3 ? * MON ', '3 * * *', '', '@every 5m'),
          timeZone: fc.constantFrom('Etc/UTC', 'America/Argentina/Buenos_Aires', 'a b', ''),
          blockHeight: fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER),
          startingDeadlineSeconds: fc.constantFrom(0, 1),
        },
        { requiredKeys: [] },
      ),
      daemon: fc.record({ restartPolicy: fc.constantFrom('OnFailure', 'Never', 'Always') }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  ),
  timeoutSeconds: fc.constantFrom<unknown>(0, 1, 1.5, '1'),
  retry: fc.record(
    { limit: fc.constantFrom(-1, 0, 100, 101), backoffSeconds: fc.constantFrom(0, 1) },
    { requiredKeys: [] },
  ),
  strategy: fc.record(
    {
      maxParallel: fc.constantFrom<unknown>(0, 1, 256, 257, '0%', '1%', '100%', '101%', '5', true, 1.5),
      failureThreshold: fc.constantFrom<unknown>(-1, 0, 256, '0%', '100%', '007%', 'x'),
      order: fc.constantFrom('Name', 'Ordinal', 'Random'),
      onFailure: fc.constantFrom('Stop', 'Pause', 'Continue', 'Rollback'),
    },
    { requiredKeys: [] },
  ),
  dependsOn: fc.array(fc.constantFrom('a', 'b.c', 'A', 'a/b'), { maxLength: 3 }),
  suspend: fc.constantFrom<unknown>(true, false, 'true'),
  runID: fc.constantFrom<unknown>('1', 'a.b_c-d', 'a b', '', 'x'.repeat(64), 2),
  ttlSecondsAfterFinished: fc.constantFrom(-1, 0),
};

/** One or two members: with more, nothing would be right. */
const anyRest = fc
  .subarray(Object.entries<fc.Arbitrary<unknown>>(members), { minLength: 1, maxLength: 2 })
  .chain((chosen) => fc.record(Object.fromEntries(chosen)));

describe('zod and the CRD agree', () => {
  let cluster: ControlPlane;
  before(async () => {
    cluster = await startCluster();
  });
  after(async () => cluster.stop());

  const byServer = async (spec: unknown): Promise<{ accepted: boolean; message: string }> => {
    const { status, body } = await cluster.admin.raw({
      method: 'POST',
      path: `${nodeTasksPath}?dryRun=All&fieldValidation=Strict`,
      body: { apiVersion: 'nodetask.dev/v1alpha1', kind: 'NodeTask', metadata: { name: 'any', namespace }, spec },
    });
    assert.ok([201, 400, 422].includes(status), `${status}: ${JSON.stringify(body)}`);
    return { accepted: status === 201, message: String((body as { message?: string }).message) };
  };

  const target = { podName: 'sei-rpc-0' };

  for (const type of taskTypes) {
    it(`on each param alone with ${type}`, async () => {
      for (const key of allKeys) {
        const spec = { type, target, params: { ...least[type], [key]: example[key] } };
        const { accepted, message } = await byServer(spec);
        assert.equal(accepted, byZod(spec), `${key}: ${message}`);
        if (!keysOf(type).includes(key)) {
          assert.ok(message.includes(`params.${key} is not a parameter of type ${type}, only of`), message);
        }
      }
    });

    it(`on any params of ${type}`, async () => {
      const seen = { accepted: 0, refused: 0 };
      await fc.assert(
        fc.asyncProperty(anySpec(type), async (spec) => {
          const whole = { ...spec, target };
          const { accepted, message } = await byServer(whole);
          assert.equal(accepted, byZod(whole), `the API server: ${accepted ? 'accepted' : message}`);
          seen[accepted ? 'accepted' : 'refused'] += 1;
        }),
        { numRuns: 80 },
      );
      assert.ok(seen.accepted > 0 && seen.refused > 0, JSON.stringify(seen));
    });
  }

  it('on which types run as a daemon', async () => {
    for (const type of taskTypes) {
      const spec = { type, target, params: least[type], async: { daemon: {} } };
      const { accepted, message } = await byServer(spec);
      assert.equal(accepted, byZod(spec), message);
      assert.equal(accepted, (daemonTypes as readonly TaskType[]).includes(type), message);
    }
  });

  it('on the rest of the spec', async () => {
    const seen = { accepted: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(anyRest, async (rest) => {
        const spec = { type: 'mark-ready' as const, target, ...rest };
        const { accepted, message } = await byServer(spec);
        assert.equal(accepted, byZod(spec), `the API server: ${accepted ? 'accepted' : message}`);
        seen[accepted ? 'accepted' : 'refused'] += 1;
      }),
      { numRuns: 600 },
    );
    assert.ok(seen.accepted > 0 && seen.refused > 0, JSON.stringify(seen));
  });
});
