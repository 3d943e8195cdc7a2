import type { ErrorCodeEntry } from './error-code-entry.ts';

/** Errors of failed tasks, which no HTTP answer has. */
export const taskErrorCodes = {
  interrupted: { retriable: true, meaning: 'The agent ended while the task ran.', action: 'Run it again.' },
  'agent-crashed': {
    retriable: false,
    meaning:
      'The agent was killed or crashed twice while the task ran, most often for want of memory. The task is not run again by itself.',
    action:
      "Look at the last state and the memory limit of the agent's container, then run it again with a new spec.runID.",
  },
  'record-damaged': {
    retriable: false,
    meaning: 'The record of the task in the journal of the agent is damaged: what became of the task is not known.',
    action: 'Look on the node at what the task did, check the disk, then run it again with a new spec.runID.',
  },
  cancelled: {
    retriable: false,
    meaning: 'The task was stopped by a cancel or a delete.',
    action: 'Nothing; run it again when it is wanted.',
  },
  'timed-out': {
    retriable: true,
    meaning: 'The task took longer than its timeoutSeconds.',
    action: 'Raise timeoutSeconds, or find out why it is slow.',
  },
  'no-handler': {
    retriable: false,
    meaning: 'A task in the journal has a type that this agent no longer runs.',
    action: 'Use an agent that has the type.',
  },
  'handler-failed': {
    retriable: true,
    meaning: 'A task handler threw an error that it does not know.',
    action: "Read the message and the agent's log.",
  },
  'daemon-exited': {
    retriable: true,
    meaning: 'A daemon returned although it runs for ever.',
    action: "Read the agent's log for why it ended.",
  },
  'missed-deadline': {
    retriable: false,
    meaning: 'A run of a schedule could not start within startingDeadlineSeconds.',
    action: 'Raise startingDeadlineSeconds, or find out what blocked it.',
  },
  'file-missing': {
    retriable: false,
    meaning: 'A file of the node that the task needs is not there.',
    action: 'Create it first, for instance with config-apply or configure-genesis.',
  },
  'file-invalid': {
    retriable: false,
    meaning: 'A file of the node is not what it should be (not TOML, not JSON, wrong types).',
    action: 'Correct the file at the line that the message names.',
  },
  'unknown-key': {
    retriable: false,
    meaning:
      'With strict, the patch adds a key that neither the file has nor a node is known to read. Nothing was written.',
    action: 'Write the key that the message suggests, or leave strict out where the node does read it.',
  },
  'history-loss': {
    retriable: false,
    meaning:
      'With the new app.toml the node would delete blocks or states that it has, for good (pruning, min-retain-blocks, ss-keep-recent). Nothing was written.',
    action:
      'Leave the keys that the message names as they are, or set allowHistoryLoss to true if that history may go.',
  },
  'patch-invalid': {
    retriable: false,
    meaning: 'The patch cannot be applied to the file, or its result would not be a correct file. Nothing was written.',
    action: 'Correct the patch at the key that the message names.',
  },
  'config-invalid': {
    retriable: false,
    meaning: 'The configuration breaks a rule; output.diagnostics names each.',
    action: 'Correct the fields that output.diagnostics names.',
  },
  'dialect-unknown': {
    retriable: false,
    meaning:
      'Nothing tells if config.toml is that of a Sei node or of a CometBFT node, or its keys contradict each other. Nothing was changed.',
    action: 'Set the parameter dialect to sei or cometbft.',
  },
  'dialect-mismatch': {
    retriable: false,
    meaning: 'The parameter dialect is not what the files or the running node show. Nothing was changed.',
    action: 'Correct dialect, or remove from config.toml what does not belong there.',
  },
  'override-invalid': {
    retriable: false,
    meaning: 'An override names an unknown key or its text does not parse.',
    action: 'Correct the override that the message names.',
  },
  'not-hot-reloadable': {
    retriable: false,
    meaning: 'A field cannot change while the node runs.',
    action: 'Use config-apply and restart the node.',
  },
  'process-not-found': {
    retriable: true,
    meaning: 'No process, or more than one, has the name that is to be signalled.',
    action: 'Check signal.process, and that the pod shares its process namespace.',
  },
  'signal-refused': {
    retriable: false,
    meaning: 'The operating system does not let the agent signal the process.',
    action: "Run the agent as the node's user, or give it CAP_KILL.",
  },
  'chain-unproven': {
    retriable: false,
    meaning: 'Nothing proves that the data are of the chain. Nothing was changed.',
    action: 'Give sha256, or set allowUnverified if you know where the data come from.',
  },
  'node-running': {
    retriable: false,
    meaning: 'The node runs, and the task would exchange files under it. Nothing was changed.',
    action: 'Stop the node first, or set allowRunning to insist.',
  },
  'chain-mismatch': {
    retriable: false,
    meaning: 'The data belongs to another chain. Nothing was changed.',
    action: 'Check the source and chainId.',
  },
  'hash-mismatch': {
    retriable: false,
    meaning: 'The data has another SHA-256 than expected. Nothing was changed.',
    action: 'Check the source and sha256; somebody may have replaced the data.',
  },
  'genesis-invalid': {
    retriable: false,
    meaning:
      'The source is not a genesis document that a node takes, nor one that is unpacked (gzip, the answer of an RPC). Nothing was changed.',
    action: 'Do what the message says: it names what the source holds.',
  },
  'source-unreachable': {
    retriable: true,
    meaning: 'The source of the data cannot be reached or answers with an error of its own.',
    action: 'Check the address and the network, and run it again.',
  },
  'source-invalid': {
    retriable: false,
    meaning: 'The source answers, but not with what it should (too large, wrong format, not found, access denied).',
    action: 'Check the address.',
  },
  'bucket-missing': {
    retriable: false,
    meaning: 'The object store has no such bucket.',
    action: 'Check bucket, region and endpoint, or create the bucket.',
  },
  'object-missing': {
    retriable: false,
    meaning: 'The object store does not have the object that the task needs.',
    action: 'Check prefix and what has been uploaded there.',
  },
  'object-changed': {
    retriable: true,
    meaning: 'An object was replaced or removed, or an upload was discarded, by somebody else while the task used it.',
    action: 'Run it again; if it recurs, find who else writes there.',
  },
  'object-store-refused': {
    retriable: false,
    meaning: 'The object store refuses the credentials of the agent, or what it wants to do.',
    action: "Check the agent's credentials (environment, web identity or pod identity) and the bucket's policy.",
  },
  'object-store-full': {
    retriable: false,
    meaning: 'The object store has no space left, or the quota of the bucket is used up.',
    action: 'Free space there, for instance by a lifecycle rule, or raise the quota; then run it again.',
  },
  'object-archived': {
    retriable: false,
    meaning:
      'The object is in an archive storage class (Glacier), and cannot be read before it is restored from there.',
    action: 'Restore the object, and exempt such objects from the lifecycle rule that moves them there.',
  },
  'object-store-unreachable': {
    retriable: true,
    meaning: 'The object store cannot be reached, throttles, or fails by itself; tried several times.',
    action: 'Check endpoint and network, and run it again.',
  },
  'object-store-invalid': {
    retriable: false,
    meaning: 'The object store answers with something that it should not, or an object is not what it should be.',
    action: 'Check endpoint, and the object that the message names.',
  },
  'snapshot-invalid': {
    retriable: false,
    meaning:
      'A snapshot archive is damaged, needs a larger zstd window than the 128 MiB that are read (zstd --long=28 and more), its snapshot is not complete, or it holds what is not unpacked (links, devices, names that lead out). Nothing was changed.',
    action:
      'Restore another snapshot, or upload this one anew; one with too large a window, compressed with --long=27 or less.',
  },
  'snapshot-store-unsupported': {
    retriable: false,
    meaning:
      'The node keeps its list of snapshots, metadata.db, in another database than goleveldb, which the agent cannot read. Nothing was changed.',
    action: 'Have the node use goleveldb (app-db-backend), or upload with includeMetadata: false.',
  },
  'snapshot-store-invalid': {
    retriable: false,
    meaning: 'A copy of metadata.db, the list of snapshots, cannot be read as a LevelDB. Nothing was changed.',
    action:
      'Take another snapshot or archive. If it is the one of the node, stop the node, remove data/snapshots, and let it take a new snapshot.',
  },
  'file-changed': {
    retriable: true,
    meaning: 'A file of the node changed or vanished while the task read it.',
    action: 'Run it again.',
  },
  'rpc-unreachable': {
    retriable: true,
    meaning: 'The RPC of a node does not answer in time.',
    action: 'Check that the node runs and its rpc.laddr.',
  },
  'rpc-refused': {
    retriable: false,
    meaning: 'The RPC of a node wants credentials or a payment, or forbids the call.',
    action: 'Give the address of an RPC that may be asked without credentials.',
  },
  'rpc-method-missing': {
    retriable: false,
    meaning:
      'The RPC does not know the method, or the address leads to nothing: no CometBFT node listens there, or it offers too little.',
    action: 'Check the address, and that the node offers the method.',
  },
  'rpc-invalid': {
    retriable: true,
    meaning: 'The RPC of a node answers with an error or with something that is not CometBFT.',
    action: 'Check the address and the log of the node.',
  },
  'results-discarded': {
    retriable: false,
    meaning: 'The node does not keep the results of blocks. Nothing was skipped.',
    action:
      'Set storage.discard_abci_responses = false in its config.toml and restart it, or give another rpcEndpoint.',
  },
  'results-missing': {
    retriable: false,
    meaning: 'The node has the block, but not its results. Nothing was skipped.',
    action: 'Give the rpcEndpoint of a node that has them, or begin anew under another prefix with a startHeight.',
  },
  'start-height-conflict': {
    retriable: false,
    meaning: 'startHeight is not where the export to this destination goes on. Nothing was exported.',
    action: 'Leave startHeight out, or give a prefix of its own.',
  },
  'blocks-pruned': {
    retriable: false,
    meaning: 'The node no longer has the next block that is to be exported. Nothing was skipped.',
    action: 'Give the rpcEndpoint of a node that still has it, or begin anew under another prefix with a startHeight.',
  },
  'no-peers': {
    retriable: true,
    meaning: 'No source gave a peer; output.sources says why, for each host. Nothing was changed.',
    action: 'Check the sources, that the hosts run, and that their RPC can be reached.',
  },
  'too-few-witnesses': {
    retriable: true,
    meaning:
      'Fewer than two distinct nodes of the chain can vouch for the trust height; output.dropped says why. Nothing was changed.',
    action: 'Give more rpcServers, or correct what output.dropped names.',
  },
  'witness-disagreement': {
    retriable: false,
    meaning:
      'Two witnesses have different blocks at the trust height: one of them lies or is on a fork. Nothing was changed.',
    action: 'Find out which of the nodes that the message names is right, and remove the other.',
  },
  'trust-expired': {
    retriable: false,
    meaning:
      'The block at the trust height is older than the trust period: a node would refuse it. Nothing was changed.',
    action: 'Lower trustHeightOffset, restore a newer snapshot, or raise trustPeriod if the unbonding time allows it.',
  },
  'upload-too-old': {
    retriable: false,
    meaning:
      'Nothing could be uploaded, and the newest upload is older than maxAgeSeconds, or there is none. The message says why.',
    action: 'Do what the message says, so that there is something new to upload; or raise maxAgeSeconds.',
  },
  'snapshot-missing': {
    retriable: false,
    meaning: 'There is no complete snapshot in the folder in which the node looks.',
    action: 'Restore one first with a snapshot-restore task.',
  },
  'snapshot-incomplete': {
    retriable: false,
    meaning:
      'metadata.db lists a snapshot whose chunks are not all there, and the node would try it first and shut down. Nothing was changed.',
    action: 'Restore a snapshot with a snapshot-restore task.',
  },
  'disk-full': {
    retriable: true,
    meaning: "There is not enough space on the node's volume.",
    action: 'Free space or enlarge the volume, and run it again.',
  },
  'file-io': {
    retriable: true,
    meaning: "The node's files cannot be read or written.",
    action: 'Check the permissions and the volume.',
  },
} as const satisfies Record<string, ErrorCodeEntry & { readonly status?: never }>;
