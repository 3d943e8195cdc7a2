import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram, JUDGE_VERSIONS, mustRun } from '@nodetask/testbed';

export type JudgeVersion = (typeof JUDGE_VERSIONS)[number];

/**
 * The verdict of each version of CometBFT on the texts, in their order: `ok`, or why it does not take one. `config`: a whole config.toml, as its
 * command line reads and checks it; `genesis`: a whole genesis document.
 */
export const judge = async (
  kind: 'config' | 'genesis',
  texts: readonly string[],
): Promise<ReadonlyMap<JudgeVersion, readonly string[]>> =>
  withFiles(kind === 'config' ? 'config.toml' : 'genesis.json', texts, async (files) => {
    const paths = kind === 'config' ? files.map((file) => dirname(file)) : files;
    const verdicts = new Map<JudgeVersion, readonly string[]>();
    for (const version of JUDGE_VERSIONS) {
      const { stdout } = await mustRun(await findProgram(`config-judge-${version}`), [kind, ...paths]);
      verdicts.set(version, stdout.trimEnd().split('\n'));
    }
    return verdicts;
  });

/** The same of a node of the Cosmos SDK on genesis documents: it reads its own form and CometBFT's. */
export const judgeInSDK = (texts: readonly string[]): Promise<readonly string[]> =>
  withFiles('genesis.json', texts, async (files) => {
    const { stdout } = await mustRun(await findProgram('sdk-node'), ['judge-genesis', ...files]);
    return stdout.trimEnd().split('\n');
  });

/** Writes each text into a file of that name, in a folder of its own, for as long as `work` takes. */
const withFiles = async <T>(
  name: string,
  texts: readonly string[],
  work: (files: readonly string[]) => Promise<T>,
): Promise<T> => {
  const root = await mkdtemp(join(tmpdir(), 'nodetask-judge-'));
  try {
    const files: string[] = [];
    for (const [index, text] of texts.entries()) {
      const folder = join(root, String(index));
      await mkdir(folder);
      files.push(join(folder, name));
      await writeFile(join(folder, name), text);
    }
    return await work(files);
  } finally {
    await rm(root, { recursive: true });
  }
};
