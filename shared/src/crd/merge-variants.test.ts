import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as z from 'zod';
import { mergeVariants } from './merge-variants.ts';
import { structuralFromZod } from './zod-to-structural.ts';

const options = { defaults: true, rules: true };
const text = z.string().max(9);

describe('a discriminated union as a structural schema', () => {
  it('is one flat object with every member optional but the discriminator', () => {
    const union = z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('a'), only: text, shared: text.optional() }),
      z.strictObject({ kind: z.literal('b'), shared: text.optional() }),
    ]);
    assert.deepEqual(structuralFromZod(union, 'test', options), {
      type: 'object',
      required: ['kind'],
      properties: {
        kind: { description: 'One of a, b.', type: 'string', enum: ['a', 'b'] },
        only: { type: 'string', maxLength: 9 },
        shared: { type: 'string', maxLength: 9 },
      },
      'x-kubernetes-validations': [
        {
          rule: "self.kind != 'a' || has(self.only)",
          message: 'only is required for kind a',
          reason: 'FieldValueRequired',
          fieldPath: '.only',
        },
        {
          rule: "!has(self.only) || self.kind in ['a']",
          message: 'only goes with kind a only',
          reason: 'FieldValueForbidden',
          fieldPath: '.only',
        },
      ],
    });
  });

  it('drops the defaults, which the API server would fill into the other variants', () => {
    const union = z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('a'), flag: z.boolean().default(false) }),
      z.strictObject({ kind: z.literal('b') }),
    ]);
    assert.deepEqual(structuralFromZod(union, 'test', options).properties?.['flag'], { type: 'boolean' });
  });

  it('refuses a member with two meanings', () => {
    const union = z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('a'), member: text }),
      z.strictObject({ kind: z.literal('b'), member: z.boolean() }),
    ]);
    assert.throws(() => structuralFromZod(union, 'test', options), /test\.member: has another meaning in b than in a/);
  });

  it('refuses a union that nothing tells apart', () => {
    assert.throws(
      () => mergeVariants([{ properties: { a: { type: 'string' } } }, { properties: {} }], 'test'),
      /test: a union needs exactly one member that tells its variants apart, found 0/,
    );
  });
});
