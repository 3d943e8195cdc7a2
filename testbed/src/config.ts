// What the testbed takes from the environment. No other file of it reads process.env.
import { homedir, tmpdir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import * as z from 'zod';

// A variable that is set to nothing counts as not set.
const text = z
  .string()
  .optional()
  .transform((value) => (value === '' ? undefined : value));

const Environment = z.object({
  NODETASK_TESTBED_BIN: text,
  KUBEBUILDER_ASSETS: text,
  PATH: text,
  XDG_CACHE_HOME: text,
  NODETASK_TESTBED_ENVTEST_INDEX: z.url().optional(),
  NODETASK_TESTBED_KEEP: text,
  NODETASK_NODE_CGROUP: text,
  NODETASK_E2E_IMAGES: text,
  NODETASK_TESTBED_AUDIT_FOLDER: text,
  NODETASK_CHAOS_SEED: z.coerce.number().int().min(0).optional(),
});

/** The index of the official envtest archives. */
const ENVTEST_INDEX = 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml';

export interface TestbedConfig {
  /** Folders that may hold the programs under their bare names, searched first. */
  readonly programFolders: readonly string[];
  /** Where programs of the machine's packages may be, searched next: the PATH, and what is on the PATH of root only. */
  readonly systemFolders: readonly string[];
  /** Programs that were built or downloaded, kept per user and version. */
  readonly cacheFolder: string;
  readonly envtestIndex: string;
  /** Holds one folder for each running test bed. */
  readonly tempRoot: string;
  /** Keep the folders of control planes, with their logs, after the end. */
  readonly keepFolders: boolean;
  /** Within the namespaces of a real node only: the cgroup that was made for it. */
  readonly nodeCgroup?: string;
  /** Folder with the archives of the images under test. */
  readonly imageFolder?: string;
  /** Where each control plane leaves, when it stops, what service accounts asked of it. */
  readonly auditFolder?: string;
  /** Repeats the kill times of an earlier chaos test. */
  readonly chaosSeed?: number;
}

export function loadConfig(environment: NodeJS.ProcessEnv = process.env): TestbedConfig {
  const values = Environment.parse(environment);
  const cacheRoot = values.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  return {
    programFolders: [values.NODETASK_TESTBED_BIN, values.KUBEBUILDER_ASSETS].filter((folder) => folder !== undefined),
    systemFolders: [...new Set([...(values.PATH?.split(delimiter).filter(isAbsolute) ?? []), '/usr/sbin', '/sbin'])],
    cacheFolder: join(cacheRoot, 'nodetask', 'testbed'),
    envtestIndex: values.NODETASK_TESTBED_ENVTEST_INDEX ?? ENVTEST_INDEX,
    tempRoot: join(tmpdir(), `nodetask-testbed-${process.getuid?.() ?? 'user'}`),
    keepFolders: values.NODETASK_TESTBED_KEEP !== undefined,
    ...(values.NODETASK_NODE_CGROUP === undefined ? {} : { nodeCgroup: values.NODETASK_NODE_CGROUP }),
    ...(values.NODETASK_E2E_IMAGES === undefined ? {} : { imageFolder: values.NODETASK_E2E_IMAGES }),
    ...(values.NODETASK_TESTBED_AUDIT_FOLDER === undefined
      ? {}
      : { auditFolder: values.NODETASK_TESTBED_AUDIT_FOLDER }),
    ...(values.NODETASK_CHAOS_SEED === undefined ? {} : { chaosSeed: values.NODETASK_CHAOS_SEED }),
  };
}

/** The environment of a tool that is the user's (go, kubectl): this process's own, with changes. */
export function toolEnvironment(changes: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes };
}

/** The environment of a program under test: nothing but PATH and `values`, so that no test passes by an accident of somebody's shell. */
export function bareEnvironment(values: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ...values };
}

/**
 * The environment of a program in the namespaces of a real node. Its temp folders are below `folder`: by the numbers that processes have in
 * there, it would take the owners of the others for dead.
 */
export function nodeEnvironment(
  folder: string,
  cgroup: string,
  changes: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  return toolEnvironment({ ...changes, TMPDIR: folder, NODETASK_NODE_CGROUP: cgroup });
}
