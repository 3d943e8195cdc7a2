import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../steps.ts';
import { checkPatterns } from './check-patterns.ts';
import { findRegexes, type FoundRegex } from './find-regexes.ts';

/** The sources of what users install. Tests, testbed and the scripts of this folder read the project's own files only. */
const sources = '{shared,runtime,agent,operator,charts}/src/**/*.ts';
const isProduction = (file: string): boolean => !file.endsWith('.test.ts') && !file.includes('/testing/');

/** The patterns of the schemas, those of zod included: the agent's API matches them with what clients send. */
const openAPI = 'docs/reference/openapi.json';

const remedy =
  'Write it so that a character can match in one way only, use a function of runtime/src/foreign-text.ts, or cut the input first and say so beside the expression: // bounded: at most 256 characters, cut in …';

/** The faults of regular expressions, one line each; see docs/adr/0027-linear-regexes.md. */
export const faultsOf = async (regexes: readonly FoundRegex[]): Promise<readonly string[]> => {
  const known = regexes.flatMap(({ pattern, ...rest }) => (pattern === undefined ? [] : [{ ...rest, pattern }]));
  const verdicts = await checkPatterns(known);
  const slow = known.flatMap(({ file, line, pattern, flags, bound }, index) => {
    const verdict = verdicts[index];
    if (verdict === undefined) return [];
    const where = `${file}:${String(line)}: /${shown(pattern)}/${flags}`;
    if (verdict.isLinear)
      return bound === undefined ? [] : [`${where} takes linear time: take its comment "bounded: …" away.`];
    const text = verdict.attack === undefined ? '' : `, for instance on ${shown(verdict.attack)}`;
    return bound === undefined ? [`${where} ${verdict.why}${text}. ${remedy}`] : [];
  });
  const built = regexes
    .filter(({ pattern, bound }) => pattern === undefined && bound === undefined)
    .map(
      ({ file, line }) =>
        `${file}:${String(line)}: a regular expression that is built when the program runs cannot be checked. Write a literal, or say how long its input can be: // bounded: at most 256 characters, cut in …`,
    );
  return [...slow, ...built];
};

/** Fails if a regular expression of production takes more than linear time on a text that nobody has cut. */
export const checkRegexes = async (): Promise<void> => {
  const regexes = [...(await regexesOfSources()), ...(await regexesOfOpenAPI())];
  const faults = await faultsOf(regexes);
  if (faults.length > 0) throw new Error(`✘ ${faults.join('\n✘ ')}`);
  const bounded = regexes.filter(({ bound }) => bound !== undefined).length;
  process.stderr.write(
    `${String(regexes.length)} regular expressions, ${String(bounded)} of them with a bound beside them\n`,
  );
};

const regexesOfSources = async (): Promise<readonly FoundRegex[]> => {
  const found: FoundRegex[] = [];
  for await (const file of glob(sources, { cwd: root })) {
    if (isProduction(file)) found.push(...findRegexes(file, await readFile(join(root, file), 'utf8')));
  }
  return found.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
};

const regexesOfOpenAPI = async (): Promise<readonly FoundRegex[]> => {
  const text = await readFile(join(root, openAPI), 'utf8');
  return text.split('\n').flatMap((line, index) => {
    const value = /^\s*"pattern": (".*"),?$/.exec(line)?.[1];
    if (value === undefined) return [];
    return [{ file: openAPI, line: index + 1, pattern: JSON.parse(value) as string, flags: 'u', bound: undefined }];
  });
};

const shown = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);
