import { isGroup, shownMembers, type ValueSchema } from './value-schema.ts';

/** The values as a Markdown table: path, type, default, what it is for. */
export const valuesTable = (schema: ValueSchema): string =>
  [
    '| value | type | default | what for |',
    '| --- | --- | --- | --- |',
    ...rows(schema, '').map((cells) => `| ${cells.map(cell).join(' | ')} |`),
  ].join('\n');

const rows = (schema: ValueSchema, prefix: string): readonly (readonly string[])[] =>
  shownMembers(schema).flatMap(([name, member]) =>
    isGroup(member)
      ? rows(member, `${prefix}${name}.`)
      : [[code(`${prefix}${name}`), typeOf(member), code(JSON.stringify(member.default)), member.description ?? '']],
  );

const typeOf = (schema: ValueSchema): string => {
  const { type, enum: choices, anyOf, items, minimum, maximum } = schema;
  if (choices !== undefined) return choices.map((choice) => code(String(choice))).join(', ');
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
  if (type === 'integer') return `integer${range(minimum, maximum)}`;
  return typeof type === 'string' ? type : (type ?? []).join(' or ');
};

/** JSON schema writes the bounds of a safe integer where there are none. */
const range = (minimum?: number, maximum?: number): string => {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (minimum === undefined) return '';
  return most === undefined ? `, at least ${minimum}` : ` from ${minimum} to ${most}`;
};

const code = (text: string): string => `\`${text}\``;

const cell = (text: string): string => text.replaceAll('|', '\\|');
