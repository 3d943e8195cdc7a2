import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lintStructuralSchema } from './lint-structural-schema.ts';
import { nodeTaskSchema } from './node-task-schema.ts';
import type { StructuralSchema } from './structural-schema.ts';

const lint = (x: StructuralSchema): readonly string[] =>
  lintStructuralSchema({ properties: { spec: { type: 'object', properties: { x: { description: 'X.', ...x } } } } });

const faulty: readonly (readonly [string, StructuralSchema, string])[] = [
  ['no type', {}, 'spec.x: has no type'],
  [
    'a type beside int-or-string',
    { type: 'string', maxLength: 1, 'x-kubernetes-int-or-string': true },
    'spec.x: int-or-string goes without type',
  ],
  ['an unbounded string', { type: 'string' }, 'spec.x: a string needs maxLength'],
  ['an unbounded integer', { type: 'integer', minimum: 0 }, 'spec.x: an integer needs minimum and maximum'],
  [
    'an unbounded list',
    { type: 'array', items: { type: 'boolean' }, 'x-kubernetes-list-type': 'atomic' },
    'spec.x: a list needs maxItems',
  ],
  [
    'an unbounded map',
    { type: 'object', additionalProperties: { type: 'boolean' } },
    'spec.x: a map needs maxProperties',
  ],
  [
    'both properties and additionalProperties',
    { type: 'object', properties: {}, additionalProperties: { type: 'boolean' }, maxProperties: 1 },
    'spec.x: has both properties and additionalProperties',
  ],
  ['an undeclared required member', { type: 'object', required: ['y'] }, 'spec.x.y: is required but not declared'],
  [
    'a member without description',
    { type: 'object', properties: { y: { type: 'boolean' } } },
    'spec.x.y: has no description',
  ],
  [
    'a default outside the enum',
    { type: 'string', enum: ['a'], default: 'b' },
    'spec.x: the default "b" is not one of a',
  ],
  [
    'a list map without keys',
    { type: 'array', maxItems: 1, items: { type: 'object' }, 'x-kubernetes-list-type': 'map' },
    'spec.x: a list has map keys exactly where it is a map',
  ],
  [
    'an optional map key',
    {
      type: 'array',
      maxItems: 1,
      items: { type: 'object' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['y'],
    },
    'spec.x: the map key y must be required',
  ],
  [
    'a foreign key',
    { type: 'boolean', nullable: true } as StructuralSchema,
    'spec.x: nullable is not a key of structural schemas',
  ],
];

describe('lintStructuralSchema', () => {
  for (const [name, schema, fault] of faulty) {
    it(`finds ${name}`, () => {
      assert.deepEqual(lint(schema), [fault]);
    });
  }

  it('finds nothing in the schema of NodeTask', () => {
    assert.deepEqual(lintStructuralSchema(nodeTaskSchema()), []);
  });
});
