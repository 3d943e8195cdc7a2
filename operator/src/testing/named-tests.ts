import { readFileSync } from 'node:fs';

/** A test, or a group of tests, that a page of docs/ names. */
export interface NamedTest {
  readonly name: string;
  /** Relative to the page. */
  readonly file: string;
}

/** Links of a Markdown text to tests: `[name](../path/x.test.ts)`. */
export const namedTests = (markdown: string): readonly NamedTest[] =>
  [...markdown.matchAll(/\[([^\]]+)\]\((\.\.[^)]+\.test\.ts)\)/g)].map(([, name = '', file = '']) => ({ name, file }));

/** Whether the file has a test or a group of that very name. */
export const exists = ({ name, file }: NamedTest, page: URL): boolean => {
  const source = readFileSync(new URL(file, page), 'utf8');
  const quoted = [`'${name}'`, `"${name}"`, `\`${name}\``];
  const calls = ['test(', 'it(', 'describe('].flatMap((call) => [call, `${call}\n  `, `${call}\n    `]);
  return quoted.some((title) => calls.some((call) => source.includes(`${call}${title}`)));
};
