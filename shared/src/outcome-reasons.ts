import type { Outcome } from './task-result.ts';

export interface OutcomeReason {
  /** `unchanged`: there was nothing to do. `skipped`: there was, and something that it needs is missing. */
  readonly outcome: Exclude<Outcome, 'changed'>;
  readonly meaning: string;
  /** Empty where there is nothing to do about it. */
  readonly action: string;
}

/** Why a completed run changed nothing: `reason` of a result. docs/reference/errors.md has a table of them. */
export const outcomeReasons = {
  'already-as-wanted': { outcome: 'unchanged', meaning: 'The files say already what the params ask for.', action: '' },
  'already-there': { outcome: 'unchanged', meaning: 'The node has this very genesis already.', action: '' },
  'already-restored': {
    outcome: 'unchanged',
    meaning: 'The node has this very snapshot already.',
    action: 'Set force to restore it again.',
  },
  'done-by-seictl': {
    outcome: 'unchanged',
    meaning: 'seictl, which ran here before, did this already, and the node lives on what it did.',
    action: 'To have it done again, do what the message says.',
  },
  'already-uploaded': {
    outcome: 'unchanged',
    meaning: 'The newest complete snapshot is in the bucket already.',
    action: '',
  },
  'no-new-blocks': { outcome: 'unchanged', meaning: 'Every block that the node has is exported.', action: '' },
  'page-not-full': {
    outcome: 'unchanged',
    meaning: 'There are new blocks, too few for a page.',
    action: 'Set partialPage, or a smaller pageSize, to have them sooner.',
  },
  'fewer-than-2-snapshots': {
    outcome: 'skipped',
    meaning: 'The node has no snapshot, or one, which it may still be writing.',
    action: 'Set state-sync.snapshot-keep-recent in app.toml to 2 or more, and wait for the next snapshot.',
  },
  'no-complete-snapshot': {
    outcome: 'skipped',
    meaning: 'Of no snapshot of the node all files are there and, if it has a metadata.db, an entry in that.',
    action: 'Wait for the next snapshot, or look into the log of the node for why it does not complete one.',
  },
  'snapshots-switched-off': {
    outcome: 'skipped',
    meaning: 'The node takes no snapshots: state-sync.snapshot-interval in its app.toml is 0 or not set.',
    action: 'Set state-sync.snapshot-interval to a number of blocks, and restart the node.',
  },
  'start-not-reached': {
    outcome: 'skipped',
    meaning: 'The node has not reached the first height that is to be exported.',
    action: 'Wait until it has caught up, or correct startHeight.',
  },
  'node-behind': {
    outcome: 'skipped',
    meaning: 'The node is below what was exported already: it was reset, or it catches up.',
    action: 'Wait until it has caught up; if it does not, give the rpcEndpoint of another node.',
  },
  'dry-run': { outcome: 'skipped', meaning: 'dryRun was set: the output says what would change.', action: '' },
  'already-fired': {
    outcome: 'skipped',
    meaning:
      'The schedule fired at its block height before the journal of the agent was lost; how it ended is not known.',
    action: 'Look on the node at what it did; change spec.runID to run it again.',
  },
} as const satisfies Record<string, OutcomeReason>;

export type OutcomeReasonCode = keyof typeof outcomeReasons;
