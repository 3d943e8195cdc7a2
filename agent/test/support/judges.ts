import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, JUDGE_VERSIONS, mustRun } from '@nodetask/testbed';

export type JudgeVersion = (typeof JUDGE_VERSIONS)[number];

/**
 * The verdict of each version of CometBFT on the texts, in their order: `ok`, or why it does not take one. `config`: a whole config.toml, as its
 * command line reads and checks it; `genesis`: a whole genesis document.
 */
export const judge = async (
  kind: 'config' | 'genesis',
  texts: readonly string[],
): Promise<ReadonlyMap<JudgeVersion, readonly string[]>> => {
  const root = await mkdtemp(join(tmpdir(), 'nodetask-judge-'));
  try {
    const paths: string[] = [];
    for (const [index, text] of texts.entries()) {
      const folder = join(root, String(index));
      await mkdir(folder);
      const file = join(folder, kind === 'config' ? 'config.toml' : 'genesis.json');
      await writeFile(file, text);
      paths.push(kind === 'config' ? folder : file);
    }
    const verdicts = new Map<JudgeVersion, readonly string[]>();
    for (const version of JUDGE_VERSIONS) {
      const { stdout } = await mustRun(await findProgram(`config-judge-${version}`), [kind, ...paths]);
      verdicts.set(version, stdout.trimEnd().split('\n'));
    }
    return verdicts;
  } finally {
    await rm(root, { recursive: true });
  }
};
