import { lstat, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TaskError } from '@nodetask/shared';
import { nodeHome, type NodeHome } from '../../agent/src/node/node-home.ts';
import { maxTomlBytes } from '../../agent/src/node/toml/parse-toml.ts';
import { configPatch } from '../../agent/src/tasks/config-patch/config-patch.ts';
import { runTask } from '../../agent/src/tasks/testing/run-task.ts';
import { type Operation, PythonJudge } from './python-judge.ts';

export interface Failure {
  readonly file: string;
  readonly operation: string;
  readonly what: string;
}

export interface Summary {
  readonly files: number;
  /** Operations by kind. */
  readonly done: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
  /** Files that were not tried, with why. */
  readonly skipped: readonly string[];
}

/** The name under which config-patch gets each file: one whose keys have one spelling, whatever node it is of. */
const name = 'client.toml';

/** Tries operations on each file by a config-patch task, and has each result judged. The files themselves are only read. */
export const tryFiles = async (files: readonly string[], seed: number, deadline: number): Promise<Summary> => {
  const done = new Map<string, number>();
  const failures: Failure[] = [];
  const skipped: string[] = [];
  const root = await mkdtemp(join(tmpdir(), 'nodetask-toml-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(root, { recursive: true, force: true }));
  const judge = stack.use(new PythonJudge());
  const home = nodeHome(root);
  await mkdir(home.config);
  for (const file of files) {
    const { size } = await lstat(file);
    if (size > maxTomlBytes) {
      skipped.push(`${file} has ${size} bytes, and tasks read at most ${maxTomlBytes}`);
      continue;
    }
    const before = await readFile(file);
    const plan = await judge.plan(before, seed);
    const operations: readonly Operation[] = 'invalid' in plan ? [refused] : plan.operations;
    for (const operation of operations) {
      if (Date.now() > deadline) throw new Error(`the time was over at ${file}: give a folder with fewer files`);
      const after = await edit(home, before, operation);
      const fault =
        operation === refused
          ? faultOfRefusal(before, after)
          : after.error === undefined
            ? await judge.judge(operation, after.bytes)
            : after.error.message;
      done.set(operation.kind, (done.get(operation.kind) ?? 0) + 1);
      if (fault !== undefined) failures.push({ file, operation: nameOf(operation), what: fault });
    }
  }
  return { files: files.length, done, failures, skipped };
};

/** What is no TOML for tomllib must be refused, and stay as it is. */
const refused: Operation = { kind: 'refusal', patch: { 'nodetask_new-key': 1 } };

interface Edited {
  readonly bytes: Buffer;
  readonly error?: TaskError;
}

const faultOfRefusal = (before: Buffer, { bytes, error }: Edited): string | undefined => {
  if (error === undefined) return 'was edited although it is no TOML for tomllib';
  if (error.code !== 'file-invalid') return `was refused as ${error.code}: ${error.message}`;
  return bytes.equals(before) ? undefined : 'was refused and changed';
};

const edit = async (home: NodeHome, before: Buffer, { patch, remove }: Operation): Promise<Edited> => {
  const path = join(home.config, name);
  await writeFile(path, before);
  const params = {
    ...(patch === undefined ? {} : { files: { [name]: patch } }),
    ...(remove === undefined ? {} : { remove: { [name]: [remove] } }),
  };
  try {
    await runTask('config-patch', configPatch(home), params);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    return { bytes: await readFile(path), error };
  }
  return { bytes: await readFile(path) };
};

const nameOf = ({ kind, patch, remove }: Operation): string =>
  `${kind} ${remove ?? JSON.stringify(patch).slice(0, 200)}`;
