import { type Comment, type Expression, parseSync, Visitor } from 'oxc-parser';

/** A regular expression of a source. */
export interface FoundRegex {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Its pattern; undefined if the program builds it from values that the source does not tell. */
  readonly pattern: string | undefined;
  readonly flags: string;
  /** The bound of its input, if a comment beside it says one: `// bounded: at most 256 characters, cut in readName`. */
  readonly bound: string | undefined;
}

/** Methods of strings that make a regular expression of a string. */
const implicit = new Set(['match', 'matchAll', 'search']);

/**
 * Each regular expression of a TypeScript source: literals, `RegExp(…)` with and without `new`, and strings that `match`, `matchAll` and
 * `search` make one of.
 * @throws Error if the source does not parse
 */
export const findRegexes = (file: string, source: string): readonly FoundRegex[] => {
  const { program, comments, errors } = parseSync(file, source);
  const [fault] = errors;
  if (fault !== undefined) throw new Error(`✘ ${file} does not parse: ${fault.message}. Run tsc.`);
  const lineOf = lineIndex(source);
  const found: FoundRegex[] = [];
  const add = (offset: number, pattern: string | undefined, flags: string): void => {
    const line = lineOf(offset);
    found.push({ file, line, pattern, flags, bound: boundAt(comments, line, lineOf) });
  };
  const addBuilt = (offset: number, [pattern, flags]: readonly (Expression | { readonly type: string })[]): void => {
    // Of a regular expression that exists, which is found where it stands.
    if (pattern === undefined || isRegex(pattern)) return;
    const [text, flagText] = [textOf(pattern), flags === undefined ? '' : textOf(flags)];
    add(offset, flagText === undefined ? undefined : text, flagText ?? '');
  };
  new Visitor({
    Literal: (node) => {
      if ('regex' in node) add(node.start, node.regex.pattern, node.regex.flags);
    },
    NewExpression: ({ start, callee, arguments: given }) => {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') addBuilt(start, given);
    },
    CallExpression: ({ start, callee, arguments: given }) => {
      if (callee.type === 'Identifier' && callee.name === 'RegExp') addBuilt(start, given);
      const [text] = given.length === 1 ? given : [];
      if (text === undefined || callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
      if (!implicit.has(callee.property.name) || !['Literal', 'TemplateLiteral'].includes(text.type)) return;
      addBuilt(start, [text]);
    },
  }).visit(program);
  return found;
};

const isRegex = (node: object): boolean => 'regex' in node;

/** The value that an expression has for certain: a string, or a template without values. */
const textOf = (node: Expression | { readonly type: string }): string | undefined => {
  if (node.type === 'Literal' && 'value' in node && typeof node.value === 'string') return node.value;
  if (node.type === 'TemplateLiteral' && 'quasis' in node && node.quasis.length === 1)
    return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
};

/** The number of the line, from 1, at each offset of a text. */
const lineIndex = (source: string): ((offset: number) => number) => {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const next = starts.findIndex((start) => start > offset);
    return next < 0 ? starts.length : next;
  };
};

/** The bound that a comment on the line, or on the line above it, says. One without a number is none. */
const boundAt = (comments: readonly Comment[], line: number, lineOf: (offset: number) => number): string | undefined =>
  comments
    .filter(({ end }) => [line - 1, line].includes(lineOf(end)))
    .map(({ value }) => value.trim())
    .find((text) => text.startsWith('bounded: ') && /\d/.test(text))
    ?.slice('bounded: '.length);
