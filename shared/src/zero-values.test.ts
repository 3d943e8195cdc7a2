import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { taskParams } from './params/registry.ts';
import { type TaskType, taskTypes } from './task-type.ts';
import { paramsWithoutZeroValues, requestWithoutZeroValues, updateWithoutZeroValues } from './zero-values.ts';

type Params = Readonly<Record<string, unknown>>;

const bucket = { bucket: 'sei-data', region: 'eu-central-1' };
const peer = `${'0123456789'.repeat(4)}@sentry.example.com:26656`;

/** The least that each type takes. */
const least: Readonly<Record<TaskType, Params>> = {
  'snapshot-restore': { ...bucket, chainId: 'pacific-1' },
  'snapshot-upload': bucket,
  'result-export': bucket,
  'discover-peers': { sources: [{ type: 'static', addresses: [peer] }] },
  'config-patch': { files: { 'config.toml': { p2p: { seeds: null, laddr: '', ports: [], retries: 0, extra: {} } } } },
  'config-apply': { mode: 'full' },
  'config-validate': {},
  'config-reload': { fields: { 'logging.level': '' } },
  'mark-ready': {},
  'configure-genesis': { uri: 's3://sei-genesis/genesis.json' },
  'configure-state-sync': {},
};

/** Zero values that mean something here, since the schema takes them and absent is something else. */
const values: readonly (readonly [string, unknown])[] = [['backfillBlocks', 0]];

const zeros = ['', 0, [], {}];

describe('zero values of Go', () => {
  for (const type of taskTypes) {
    const { schema, object } = taskParams[type];
    const whole = least[type];
    const optional = Object.keys(object.shape).filter((key) => !(key in whole));

    it(`null is an absent member in each optional param of ${type}`, () => {
      for (const key of optional) {
        assert.deepEqual(paramsWithoutZeroValues(type, { ...whole, [key]: null }), whole, key);
      }
    });

    it(`a zero value is an absent member, or a value that the schema takes, in each optional param of ${type}`, () => {
      const absent = schema.parse(whole);
      for (const key of optional) {
        for (const zero of zeros) {
          const cleaned = paramsWithoutZeroValues(type, { ...whole, [key]: zero });
          const parsed = schema.safeParse(cleaned);
          const isValue = values.some(([name, value]) => name === key && value === zero);
          if (isValue) assert.equal(parsed.data?.[key as never], zero, key);
          // A zero of another kind than that of the member is a mistake, and refused.
          else if (parsed.success) assert.deepEqual(parsed.data, absent, `${key}: ${JSON.stringify(zero)}`);
        }
      }
    });

    it(`the zero value of its own kind is taken in each optional param of ${type}`, () => {
      for (const key of optional) {
        const taken = [...zeros, false, null].filter(
          (zero) => schema.safeParse(paramsWithoutZeroValues(type, { ...whole, [key]: zero })).success,
        );
        assert.notDeepEqual(taken, [], key);
      }
    });
  }

  it('what Go sends for an incremental config-apply means what it meant there', () => {
    const sent = { mode: '', incremental: true, targetVersion: 0, overrides: {} };
    assert.deepEqual(paramsWithoutZeroValues('config-apply', sent), { incremental: true });
  });

  it('the members of other kinds of source are absent when they are zero, and refused when they are not', () => {
    const source = { type: 'static', addresses: [peer] };
    const whole = { ...source, region: '', tags: null, hostname: '', srv: false, endpoint: '' };
    assert.deepEqual(paramsWithoutZeroValues('discover-peers', { sources: [whole] }), { sources: [source] });
    const other = { sources: [{ ...source, region: 'eu-central-1' }] };
    assert.deepEqual(paramsWithoutZeroValues('discover-peers', other), other);
    const unknown = { sources: [{ type: 'consul', addresses: null }] };
    assert.deepEqual(paramsWithoutZeroValues('discover-peers', unknown), unknown);
  });

  it('files and keys to remove that are null or empty name no file', () => {
    const sent = { files: { 'config.toml': { moniker: null }, 'app.toml': null }, remove: { 'client.toml': [] } };
    assert.deepEqual(paramsWithoutZeroValues('config-patch', sent), { files: { 'config.toml': { moniker: null } } });
  });

  it('a required member stays, so that the error names what came, and so does an unknown one', () => {
    const sent = { ...bucket, chainId: '', targetHeigth: 0 };
    assert.deepEqual(paramsWithoutZeroValues('snapshot-restore', sent), sent);
  });

  it('members of a request are absent by null and by the zero value', () => {
    const zero = { id: '', params: null, async: null, timeoutSeconds: null, run: null, resume: null, ref: null };
    assert.deepEqual(requestWithoutZeroValues({ type: 'mark-ready', ...zero }), { type: 'mark-ready' });
    const id = '00000000-0000-0000-0000-000000000000';
    assert.deepEqual(requestWithoutZeroValues({ type: 'mark-ready', id }), { type: 'mark-ready' });
    assert.deepEqual(requestWithoutZeroValues({ type: '', id: null }), { type: '' });
    const limit = { type: 'mark-ready', timeoutSeconds: 0, run: 0 };
    assert.deepEqual(requestWithoutZeroValues(limit), limit);
  });

  it('members of a schedule are absent by the zero value, and an empty daemon is a daemon', () => {
    const schedule = { cron: '@daily', timeZone: '', blockHeight: 0, startingDeadlineSeconds: null, suspend: null };
    const cleaned = { type: 'mark-ready', async: { schedule: { cron: '@daily' } } };
    assert.deepEqual(requestWithoutZeroValues({ type: 'mark-ready', async: { schedule, daemon: null } }), cleaned);
    const daemon = { type: 'result-export', async: { daemon: { restartPolicy: '' }, schedule: null } };
    assert.deepEqual(requestWithoutZeroValues(daemon), { type: 'result-export', async: { daemon: {} } });
    for (const async of [{}, { schedule: null, daemon: null }, { schedule: { cron: '', blockHeight: 0 } }]) {
      const empty = { type: 'mark-ready', async };
      assert.deepEqual(requestWithoutZeroValues(empty), empty);
    }
  });

  it('an update of a schedule keeps the null that takes the deadline away', () => {
    const update = { cron: '', timeZone: null, suspend: false, startingDeadlineSeconds: null };
    assert.deepEqual(updateWithoutZeroValues(update), { suspend: false, startingDeadlineSeconds: null });
  });

  it('a zero value of another kind than that of the member is no zero value', () => {
    for (const sent of [{ targetVersion: '' }, { overrides: [] }, { incremental: 0 }, { mode: 0 }, { dialect: {} }]) {
      assert.deepEqual(paramsWithoutZeroValues('config-apply', sent), sent);
    }
  });

  it('what is no object at all goes through as it is', () => {
    for (const body of [null, 7, 'text', [], undefined]) {
      assert.deepEqual(requestWithoutZeroValues(body), body);
      assert.deepEqual(paramsWithoutZeroValues('config-apply', body), body);
    }
  });
});
