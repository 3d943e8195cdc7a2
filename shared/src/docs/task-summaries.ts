import type { TaskType } from '../task-type.ts';

/** What the reference says about a task type beyond its params. */
export interface TaskSummary {
  readonly does: string;
  /** What `output` of the result holds. */
  readonly output: string;
}

export const taskSummaries: Readonly<Record<TaskType, TaskSummary>> = {
  'snapshot-restore': {
    does: 'Downloads a snapshot from an object store, verifies it while unpacking, and moves it into data/snapshots.',
    output: 'Height, key, bytes and SHA-256 of the snapshot, and how long it took.',
  },
  'discover-peers': {
    does: 'Resolves the sources, asks each host for its node id, and writes the persistent peers.',
    output: 'The peers, and for each source the hosts that could not be reached and why.',
  },
  'config-patch': {
    does: 'Merges patches into files under config/, keeping comments, order and formatting; all files or none.',
    output: 'For each file the changed keys and the diff; the reason where nothing was changed.',
  },
  'config-apply': {
    does: 'Resolves a role and overrides against the configuration schema and writes config.toml and app.toml as one unit.',
    output: 'Role, version, changed keys and diagnostics.',
  },
  'config-validate': {
    does: 'Reads config.toml and app.toml and runs every rule of the configuration schema. An invalid configuration fails the task.',
    output:
      'Whether it is valid, role, version, and diagnostics with severity, field and message, also of a failed task.',
  },
  'config-reload': {
    does: 'Writes settings that a node takes over while it runs, and signals the node where asked to.',
    output: 'The changed keys, and the process id that was signalled.',
  },
  'mark-ready': {
    does: "Turns the agent's readiness on, for good.",
    output: 'Nothing.',
  },
  'configure-genesis': {
    does: 'Fetches a genesis document, checks it, and writes config/genesis.json. On a mismatch nothing changes.',
    output: 'SHA-256, chain id and size of the document.',
  },
  'configure-state-sync': {
    does: 'Finds a trust height and hash on which two distinct witnesses agree, and writes the statesync section.',
    output: 'Trust height and hash, the witnesses, and those that were dropped.',
  },
  'snapshot-upload': {
    does: 'Packs the second-highest snapshot under data/snapshots and uploads it to an object store without a temporary file.',
    output: 'Height, key, bytes and SHA-256; the reason where there was nothing to upload.',
  },
  'result-export': {
    does: 'Exports block results since the last exported height as pages of compressed JSON lines; as a daemon it follows the chain.',
    output: 'Pages, last exported height, blocks and bytes.',
  },
};
