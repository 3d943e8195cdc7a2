// Types what a page says into a real shell, as far as that is kubectl, and compares what comes.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { TestContext } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../src/cluster.ts';
import { commandWords, consoleCommands } from '../../src/markdown.ts';
import { blocks, withoutTimes } from './markdown.ts';

export interface SessionOptions {
  /** Files that commands name and the text does not hold. */
  readonly files?: Readonly<Record<string, string>>;
  /** What stands in manifests → what the testbed has in its place. */
  readonly substitutions?: readonly (readonly [string, string])[];
  /** What the world does before a command, which is named by its beginning. */
  readonly before?: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Runs every command of the console blocks of a text, in order. A manifest of the text is the file that is called like its first object. */
export const runSessions = async (
  t: TestContext,
  cluster: Cluster,
  text: string,
  { files = {}, substitutions = [], before = {} }: SessionOptions = {},
): Promise<void> => {
  const folder = join(cluster.controlPlane.folder, 'manifests');
  await mkdir(folder, { recursive: true });
  for (const [name, content] of [...Object.entries(files), ...namedManifests(text)]) {
    await writeFile(
      join(folder, name),
      substitutions.reduce((manifest, [from, to]) => manifest.replaceAll(from, to), content),
    );
  }
  const pending = new Set(Object.keys(before));
  for (const { command, prints } of blocks(text, 'console').flatMap(consoleCommands)) {
    t.diagnostic(`$ ${command}`);
    for (const start of [...pending].filter((one) => command.startsWith(one))) {
      pending.delete(start);
      await before[start]?.();
    }
    const [program, ...args] = commandWords(command).map((word, index, all) =>
      all[index - 1] === '-f' && !isAbsolute(word) ? join(folder, word) : word,
    );
    assert.equal(program, 'kubectl', command);
    const { stdout, stderr, code } = await cluster.controlPlane.kubectl(args);
    const printed = (stdout + stderr).trim();
    t.diagnostic(printed);
    const isRefused = /^(?:error|Error|The \w+ ".*" is invalid)/.test(prints);
    assert.equal(code === 0, !isRefused, `${command}: ${printed}`);
    assert.match(withoutTimes(printed), pattern(prints), command);
  }
  assert.deepEqual([...pending], [], 'commands that the page does not have');
};

const namedManifests = (text: string): readonly (readonly [string, string])[] =>
  blocks(text, 'yaml').flatMap((block) => {
    const [first] = parseAllDocuments(block);
    const name: unknown = first?.getIn(['metadata', 'name']);
    return typeof name === 'string' ? [[`${name}.yaml`, block] as const] : [];
  });

/** What must be printed: `…` stands for the rest of a line, alone on one for any lines. Nothing: anything may be. */
const pattern = (prints: string): RegExp => {
  const lines = withoutTimes(prints)
    .split('\n')
    .map((line) => (line === '…' ? String.raw`[\s\S]*` : line.split('…').map(escaped).join('.*')));
  return prints === '' ? /^/ : new RegExp(`^${lines.join('\\n')}$`);
};

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
