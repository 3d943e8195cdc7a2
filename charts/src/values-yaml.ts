import { Document, isMap, type Scalar, visit, type YAMLMap } from 'yaml';
import { isGroup, shownMembers, type ValueSchema } from './value-schema.ts';

const width = 114;

/** Text of values.yaml: every value with its default, below what it is for. */
export const valuesYaml = (schema: ValueSchema, header: string): string => {
  const document = new Document(defaultsOf(schema));
  document.commentBefore = comment(header, 0);
  const { contents } = document;
  if (isMap(contents)) commentMembers(contents as YAMLMap<Scalar<string>>, schema, 0);
  visit(document, {
    // {} and [] say that there is nothing; anything else has a line of its own.
    Collection: (_key, node) => {
      node.flow = node.items.length === 0;
    },
  });
  return document.toString({ lineWidth: 0, singleQuote: true });
};

const defaultsOf = (schema: ValueSchema): unknown =>
  isGroup(schema)
    ? Object.fromEntries(shownMembers(schema).map(([name, member]) => [name, defaultsOf(member)]))
    : schema.default;

const commentMembers = (map: YAMLMap<Scalar<string>>, schema: ValueSchema, depth: number): void => {
  let afterGroup = false;
  for (const [index, [name, member]] of shownMembers(schema).entries()) {
    const pair = map.items.find(({ key }) => key.value === name);
    if (pair === undefined) throw new Error(`values.yaml has no "${name}", which the schema has`);
    pair.key.commentBefore = comment(describe(member), depth);
    pair.key.spaceBefore = (depth === 0 && index > 0) || afterGroup || (index > 0 && isGroup(member));
    afterGroup = isGroup(member);
    if (isGroup(member) && isMap(pair.value)) commentMembers(pair.value as YAMLMap<Scalar<string>>, member, depth + 1);
  }
};

const describe = ({ description = '', enum: choices }: ValueSchema): string =>
  choices === undefined ? description : `${description} One of ${choices.map(String).join(', ')}.`;

/** The lines of a comment, broken at words. */
const comment = (text: string, depth: number): string => {
  const room = width - 2 * depth;
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => ` ${line}`).join('\n');
};
