import type { ErrorCode } from '../error-codes.ts';
import type { TaskType } from '../task-type.ts';

/** What may go wrong with files of the node. */
const files = ['file-missing', 'file-invalid', 'file-io', 'disk-full'] as const;

/** What may go wrong with an object store. */
const store = [
  'bucket-missing',
  'object-changed',
  'object-store-refused',
  'object-store-full',
  'object-archived',
  'object-store-unreachable',
  'object-store-invalid',
  'egress-refused',
] as const;

/** What may go wrong with metadata.db, the list of a node's snapshots. */
const snapshotStore = ['snapshot-store-unsupported', 'snapshot-store-invalid'] as const;

/** What may go wrong where it matters whose node reads config.toml. */
const dialect = ['dialect-unknown', 'dialect-mismatch'] as const;

/** What may go wrong with the RPC of a node. */
const rpc = ['rpc-unreachable', 'rpc-refused', 'rpc-method-missing', 'rpc-invalid'] as const;

/**
 * Codes with which a task of each type may fail, beyond those of every task (interrupted, cancelled, timed-out and the like): its own first. A
 * test holds them against the sources of the handlers, and the tables of docs/tasks/ against them.
 */
export const taskFailures: Readonly<Record<TaskType, readonly ErrorCode[]>> = {
  'snapshot-upload': ['upload-too-old', 'chain-mismatch', 'file-changed', ...snapshotStore, ...store, ...files],
  'snapshot-restore': [
    'chain-mismatch',
    'chain-unproven',
    'node-running',
    'hash-mismatch',
    'snapshot-invalid',
    'file-changed',
    ...snapshotStore,
    'object-missing',
    ...store,
    ...files,
  ],
  'discover-peers': ['no-peers', 'chain-mismatch', ...dialect, 'source-invalid', 'patch-invalid', ...files],
  'config-patch': [
    'patch-invalid',
    'unknown-key',
    'history-loss',
    'config-invalid',
    ...dialect,
    'file-changed',
    ...files,
  ],
  'config-apply': ['config-invalid', 'override-invalid', 'history-loss', ...dialect, 'patch-invalid', ...files],
  'config-validate': ['config-invalid', ...dialect, ...files],
  'config-reload': [
    'not-hot-reloadable',
    'config-invalid',
    'override-invalid',
    ...dialect,
    'process-not-found',
    'signal-refused',
    'patch-invalid',
    ...files,
  ],
  'mark-ready': [],
  'configure-genesis': [
    'chain-mismatch',
    'hash-mismatch',
    'genesis-invalid',
    'source-unreachable',
    'source-invalid',
    ...rpc,
    'object-missing',
    ...store,
    ...files,
  ],
  'configure-state-sync': [
    'too-few-witnesses',
    'witness-disagreement',
    'trust-expired',
    'snapshot-missing',
    'snapshot-incomplete',
    ...snapshotStore,
    'file-changed',
    'chain-mismatch',
    ...dialect,
    'invalid-params',
    'patch-invalid',
    ...files,
  ],
  'result-export': [
    'blocks-pruned',
    'results-discarded',
    'results-missing',
    'start-height-conflict',
    'upload-too-old',
    'chain-mismatch',
    'source-invalid',
    ...rpc,
    ...store,
    'file-invalid',
    'file-io',
    'disk-full',
  ],
};
