import type { TaskType } from '../task-type.ts';

/** What the reference says about a task type beyond its params. */
export interface TaskSummary {
  readonly does: string;
  /** What `output` of the result holds. */
  readonly output: string;
}

export const taskSummaries: Readonly<Record<TaskType, TaskSummary>> = {
  'snapshot-restore': {
    does:
      'Finds a snapshot (the height that latest.txt names, else the highest; with targetHeight the highest at or below it), checks the free space, downloads, verifies and ' +
      "unpacks it beside the node's snapshots folder, and replaces that as a whole. Until everything is right the old snapshots stay. Regular files and folders only; links, devices and names " +
      'that lead out are refused. So is an archive of another chain than the node, and any archive while the node runs (allowRunning insists), and an archive whose snapshot is not complete. metadata.db is cut down to the snapshots in the archive. The same params are not restored twice, also where a newer snapshot has been uploaded since: use force.',
    output:
      'Height, key, bytes and SHA-256 of the archive, and how long it took; the reason `already-restored` or `done-by-seictl` if nothing was done; `chainVerified`: `verified`, `genesis-missing` ' +
      '(the node has none yet to compare with) or `archive-unproven` (allowed by allowUnverified); `metadata`: `present`, or `missing` if the archive has no metadata.db.',
  },
  'discover-peers': {
    does:
      'Lists the hosts of every source, asks each for its node id by its RPC, and writes the persistent peers into config.toml: each node once, ' +
      'never this node, of its chain only, in an order that does not change from run to run. One peer is enough for success; no peer at all is a failure that ' +
      'says why, host by host. A peer of the file stays if its host is listed and does not answer, while a source cannot be read, and if no earlier run wrote it ' +
      '(keepOthers). An EC2 instance is asked at its private and its public address (addressType). ec2Tags needs ' +
      'ec2:DescribeInstances and takes credentials from the environment, web identity or pod identity of the agent only.',
    output:
      'nodeId: the id of this node, if it has a node key; peers; for each source how many it gave, the hosts that did not answer (unreachable) and those left out (skipped), each with why, and error where the source ' +
      'could not be read; kept: peers of the file that stayed although no host answered for them; removed: peers that left the file; chainVerified: verified, genesis-missing, or peers-unproven if some were listed with their id and not asked.',
  },
  'config-patch': {
    does:
      'Merges patches into files under config/, keeping comments, order and formatting; all files or none. A change that would make the node delete history that it has needs allowHistoryLoss. In a TOML file a value of another kind than the one that it replaces is refused ' +
      '(a text over a number, a list over a text), since the node would not start with it: to change the kind, remove the key in a task before. genesis.json is patched as RFC 7386 has it.',
    output:
      'changes: file, key and the values before (from) and after (to), where a key that is not public has (hidden); changesOmitted: how many more there are; the reason where nothing was changed; unknownKeys: keys that are new to their file and that no node is known to read, each with a ' +
      'suggestion if one is near (a warning; with strict an error).',
  },
  'config-apply': {
    does: 'Resolves a role and overrides against the configuration schema and writes config.toml and app.toml as one unit. A change that would make the node delete history that it has needs allowHistoryLoss.',
    output:
      'Role, version, changes (file, key, from, to), diagnostics, and the release of sei-config that the keys are of.',
  },
  'config-validate': {
    does: 'Reads config.toml and app.toml, runs every rule of the configuration schema, and warns of keys that the node is not known to read. An invalid configuration fails the task; with strict so does such a key.',
    output:
      'Whether it is valid, role, version, diagnostics with severity, field and message, and the release of sei-config that the rules are of; also of a failed task.',
  },
  'config-reload': {
    does: 'Writes settings that a node takes over while it runs, and signals the node where asked to.',
    output:
      'changes (file, key, from, to), the release of sei-config that the keys are of, and the process id that was signalled.',
  },
  'mark-ready': {
    does: "Turns the agent's readiness on, for good.",
    output: 'Nothing.',
  },
  'configure-genesis': {
    does: 'Fetches a genesis document from S3, https or the RPC of a node, checks it, and writes the file that the node reads, config/genesis.json unless its configuration says otherwise. On a mismatch, and if the node has data of another chain, nothing changes.',
    output: 'SHA-256, chain id and size of the document.',
  },
  'configure-state-sync': {
    does:
      'Probes every witness, takes those that are distinct nodes of the chain (by its genesis file, if it is there) and have the trust height, and writes the statesync ' +
      'section. At least two must agree on the block at the trust height; two that disagree are an error that names both. The trust height is trustHeightOffset below ' +
      "the lowest tip, or that of the local snapshot which the node tries first: the highest that metadata.db lists, whose chunks must all be there. A trust point that the file has stays while every witness confirms it and half of the trust period is left, and is about where another trustHeightOffset than 2000 puts it. CometBFT's own nodes " +
      'know neither useLocalSnapshot nor backfillBlocks: they are refused there.',
    output:
      'Chain id, chainVerified (verified or genesis-missing), trust height and hash, the witnesses, and the servers that were dropped, each with why.',
  },
  'snapshot-upload': {
    does:
      "Packs the highest complete snapshot in the node's snapshots folder (metadata.db lists it, and all of its chunks are there; without a metadata.db the highest whose files have no gap, below the " +
      'highest folder) with a metadata.db that lists this one only, and streams it to an object store: `<height>.tar.gz` or `.tar.zst`, then ' +
      '`<height>.manifest.json`, then `latest.txt`, which never goes back to a lower height. Give each chain a prefix of its own, and let one node upload to it.',
    output:
      'Height, key, bytes and SHA-256 of the archive; the reason `no-complete-snapshot`, `fewer-than-2-snapshots` (of a node without metadata.db), `snapshots-switched-off` or ' +
      '`already-uploaded` where nothing was done; skipped: heights that are not complete, each with why, and skippedMore, how many there are beyond 16.',
  },
  'result-export': {
    does:
      'Exports the block_results of every block since the last exported height as pages <prefix><from>-<to>.ndjson.gz: gzip, a line ' +
      '{"block_results":…,"exported_at":…,"height":…} for each block in order, the results as the text that the node sent, so that every number is exact. A ' +
      'one-shot or a run of a schedule ends at the height that the node had at its beginning; a daemon follows the chain, and waits out a node or a store that is down ' +
      '(progress: retry after …). What was exported is remembered for each destination (bucket, prefix, endpoint) in the state folder of the agent: no gap and no double page ' +
      'over crashes; a block that the node has pruned, and a node of another chain than the destination or the own genesis, are errors. Give each node a prefix of its own.',
    output:
      'pages, blocks and bytes that this run wrote, also of a run that failed on its way; lastExportedHeight; reason where there was nothing to export: no-new-blocks, ' +
      'page-not-full, start-not-reached, node-behind; chainVerified: verified, or genesis-missing where there is none to compare with.',
  },
};
