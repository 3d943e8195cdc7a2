import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { requires, withRules } from '../cross-field-rule.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { structuralFromZod } from './zod-to-structural.ts';

const convert = (schema: z.ZodType, options = { defaults: true, rules: true }): StructuralSchema =>
  structuralFromZod(schema, 'test', options);

const cases: readonly (readonly [string, z.ZodType, StructuralSchema])[] = [
  ['a string', z.string().max(5), { type: 'string', maxLength: 5 }],
  ['a time', z.iso.datetime(), { type: 'string', format: 'date-time', maxLength: 35 }],
  ['a UUID', z.uuid(), { type: 'string', format: 'uuid', maxLength: 36 }],
  ['a small integer', z.int().min(0).max(9), { type: 'integer', format: 'int32', minimum: 0, maximum: 9 }],
  [
    'a large integer',
    z.int().min(0),
    { type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  ],
  ['an enum', z.enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
  ['a default', z.boolean().default(true), { type: 'boolean', default: true }],
  [
    'a list',
    z.array(z.boolean()).max(2),
    { type: 'array', maxItems: 2, 'x-kubernetes-list-type': 'atomic', items: { type: 'boolean' } },
  ],
  [
    'a list with a list type',
    z.array(z.boolean()).meta({ 'x-kubernetes-list-type': 'set' }),
    { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'boolean' } },
  ],
  ['a map', z.record(z.string(), z.boolean()), { type: 'object', additionalProperties: { type: 'boolean' } }],
  ['anything', z.unknown(), { 'x-kubernetes-preserve-unknown-fields': true }],
  [
    'an object of anything',
    z.record(z.string(), z.unknown()),
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  ],
  [
    'an object with optional members',
    z.strictObject({ a: z.boolean(), b: z.boolean().optional() }),
    { type: 'object', properties: { a: { type: 'boolean' }, b: { type: 'boolean' } }, required: ['a'] },
  ],
  [
    'a pattern with its message',
    z
      .string()
      .max(5)
      .regex(/^a\/b$/, 'must be a/b'),
    {
      type: 'string',
      maxLength: 5,
      'x-kubernetes-validations': [{ rule: "self.matches(r'^a/b$')", message: 'must be a/b' }],
    },
  ],
  [
    'a number or a text',
    z.union([
      z.int().min(0).max(9),
      z
        .string()
        .max(4)
        .regex(/^[0-9]%$/, 'must be a percentage'),
    ]),
    {
      'x-kubernetes-int-or-string': true,
      minimum: 0,
      maximum: 9,
      maxLength: 4,
      'x-kubernetes-validations': [
        { rule: "type(self) != string || self.matches(r'^[0-9]%$')", message: 'must be a percentage' },
      ],
    },
  ],
  [
    'cross-field rules',
    withRules(z.strictObject({ a: z.boolean().optional() }), [requires('a', 'b', 'a needs b')]).describe('What it is.'),
    {
      description: 'What it is.',
      type: 'object',
      properties: { a: { type: 'boolean' } },
      'x-kubernetes-validations': [{ rule: '!has(self.a) || has(self.b)', message: 'a needs b' }],
    },
  ],
];

describe('structuralFromZod', () => {
  for (const [name, schema, expected] of cases) {
    it(`converts ${name}`, () => {
      assert.deepEqual(convert(schema), expected);
    });
  }

  it('leaves defaults and rules out where they are not wanted', () => {
    const schema = withRules(z.strictObject({ a: z.boolean().default(true) }), [requires('a', 'b')]);
    assert.deepEqual(convert(schema, { defaults: false, rules: false }), {
      type: 'object',
      properties: { a: { type: 'boolean' } },
    });
  });

  for (const [name, schema, message] of [
    ['a pattern without a message', z.string().regex(/a/), /test\.x: the pattern "a" has no message/],
    ['look-ahead', z.string().regex(/^(?!a)/, 'not a'), /cannot be said in CEL/],
    ['look-behind', z.string().regex(/(?<=a)b/, 'after a'), /cannot be said in CEL/],
    ['a back-reference', z.string().regex(/^(a)\1$/, 'twice'), /cannot be said in CEL/],
    ['a recursive schema', recursive(), /[Cc]ycle|can(not| ?'t) say \$ref/],
    ['two patterns', z.string().regex(/a/, 'a').regex(/b/, 'b'), /test\.x: a structural schema cannot say allOf/],
    ['a tuple', z.tuple([z.string(), z.boolean()]), /test\.x\[\]: a union needs/],
    ['a date', z.date(), /Date/],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => convert(z.strictObject({ x: schema })), message);
    });
  }
});

function recursive(): z.ZodType {
  const node = z.object({
    get child(): z.ZodType {
      return node;
    },
  });
  return node;
}
