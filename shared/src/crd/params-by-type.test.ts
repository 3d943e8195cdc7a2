import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { taskTypes } from '../task-type.ts';
import { describeWithDefault, mergeParams, paramsByType, type TypedParam } from './params-by-type.ts';

const param = (more: Partial<TypedParam>): TypedParam => ({
  name: 'sha256',
  type: 'snapshot-restore',
  required: false,
  description: 'Digest.',
  schema: { description: 'Digest.', type: 'string', maxLength: 64 },
  ...more,
});

describe('mergeParams', () => {
  it('names the types that take a param and those that require it', () => {
    const merged = mergeParams([param({ required: true }), param({ type: 'configure-genesis' })]);
    assert.deepEqual(
      merged.map(({ takenBy, requiredBy }) => ({ takenBy, requiredBy })),
      [{ takenBy: ['snapshot-restore', 'configure-genesis'], requiredBy: ['snapshot-restore'] }],
    );
  });

  for (const [difference, other] of [
    ['type', param({ schema: { description: 'Digest.', type: 'integer' } })],
    ['bound', param({ schema: { description: 'Digest.', type: 'string', maxLength: 65 } })],
    ['meaning', param({ description: 'Checksum.' })],
    ['default', param({ description: describeWithDefault('Digest.', 'x') })],
  ] as const) {
    it(`refuses a key with another ${difference} in another type`, () => {
      assert.throws(
        () => mergeParams([param({}), { ...other, type: 'configure-genesis' }]),
        /params\.sha256 means one thing for snapshot-restore and another for configure-genesis/,
      );
    });
  }
});

describe('paramsByType', () => {
  it('gives each param a description and at least one type, and no default', () => {
    for (const { name, description, schema, takenBy } of paramsByType()) {
      assert.ok(description.length > 0, name);
      assert.equal(schema.default, undefined, name);
      assert.ok(takenBy.length > 0 && takenBy.every((type) => taskTypes.includes(type)), name);
    }
  });

  it('states the default of zod in the description', () => {
    const descriptions = new Map(paramsByType().map(({ name, description }) => [name, description]));
    assert.match(descriptions.get('trustHeightOffset') ?? '', / Default: 2000\.$/);
    assert.match(descriptions.get('compression') ?? '', / Default: gzip\.$/);
  });
});
