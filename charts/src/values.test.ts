import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { parse } from 'yaml';
import { isGroup, type ValueSchema, valuesSchema } from './value-schema.ts';
import { valuesTable } from './values-table.ts';
import { valuesYaml } from './values-yaml.ts';
import { values } from './values.ts';

const chartFile = async (name: string): Promise<string> =>
  readFile(new URL(`../nodetask/${name}`, import.meta.url), 'utf8');

test('values.yaml holds the default of every value, and no other', async () => {
  assert.deepEqual(parse(await chartFile('values.yaml')), values.parse({}));
});

test('every value says what it is for, and no group takes a value that it does not know', () => {
  const visit = (path: string, { properties = {} }: ValueSchema): void => {
    for (const [name, member] of Object.entries(properties)) {
      const at = `${path}${name}`;
      assert.match(member.description ?? '', /^[A-Z].+\.$/, at);
      if (!isGroup(member)) continue;
      assert.equal(member.additionalProperties, false, at);
      visit(`${at}.`, member);
    }
  };
  const schema = valuesSchema(values);
  assert.equal(schema.additionalProperties, false);
  visit('', schema);
});

test('the chart has the version of the project', async () => {
  const { version, appVersion } = parse(await chartFile('Chart.yaml')) as Readonly<Record<string, string>>;
  const project = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as Readonly<
    Record<string, string>
  >;
  assert.deepEqual({ version, appVersion }, { version: project.version, appVersion: project.version });
});

describe('from a schema', () => {
  const schema = valuesSchema(
    z.strictObject({
      color: z.enum(['red', 'blue']).default('red').describe('Its color.'),
      wheel: z
        .strictObject({
          count: z.int().min(1).default(4).describe('How many.'),
          spare: z
            .boolean()
            .default(false)
            .describe(
              'A spare one, which is carried along in the boot and weighs about as much as the others do, and more with its jack.',
            ),
        })
        .prefault({})
        .describe('Wheels.'),
      tags: z.array(z.string()).default([]).describe('Tags | labels.'),
      global: z.any().optional().describe('Not shown.'),
    }),
  );

  test('values.yaml: comments above, groups apart, long ones broken', () => {
    assert.equal(
      valuesYaml(schema, 'A car.'),
      [
        '# A car.',
        '',
        '# Its color. One of red, blue.',
        'color: red',
        '',
        '# Wheels.',
        'wheel:',
        '  # How many.',
        '  count: 4',
        '  # A spare one, which is carried along in the boot and weighs about as much as the others do, and more with its',
        '  # jack.',
        '  spare: false',
        '',
        '# Tags | labels.',
        'tags: []',
        '',
      ].join('\n'),
    );
  });

  test('the table: a row for each value, by its path', () => {
    assert.deepEqual(valuesTable(schema).split('\n').slice(2), [
      '| `color` | `red`, `blue` | `"red"` | Its color. |',
      '| `wheel.count` | integer, at least 1 | `4` | How many. |',
      '| `wheel.spare` | boolean | `false` | A spare one, which is carried along in the boot and weighs about as much as the others do, and more with its jack. |',
      '| `tags` | list of string | `[]` | Tags \\| labels. |',
    ]);
  });
});
