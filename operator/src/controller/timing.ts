/** Durations of the controller, in milliseconds. */

/** A deleted NodeTask lets go after this long, also where an agent could not be told to stop. */
export const deletionGraceMs = 30_000;

/** How long past spec.timeoutSeconds the agent may take to end the task itself, before the operator stops it. */
export const timeoutBackstopMs = 30_000;

/** A running one-shot without news is read from its agent this often. */
export const oneShotReadMs = 30_000;

/** A schedule or daemon without news is read from its agent this often. */
export const recurringReadMs = 300_000;

/** How long an end that was read from the agent waits for the agent's own report of it on status. */
export const reportGraceMs = 5_000;

/** A run that an agent tells of when asked, and that is not on status so long after it first did: the agent cannot report. */
export const lateReportMs = 20_000;

/** A daemon whose agent is so much further than status says has an agent that cannot report. */
export const staleProgressMs = 60_000;

/** A daemon that fails and tries again says so after so long, and is not ready any more after so long. */
export const daemonRetryingMs = 60_000;
export const daemonStalledMs = 600_000;

/** How far a daemon is, is written to conditions so often at most: its row has it every few seconds. */
export const daemonNewsMs = 60_000;

/** A schedule that shows no run this long after its time is read from its agent. */
export const lateRunMs = 30_000;

/**
 * "Running" is written to status only when the result has not come this long after the dispatch: most one-shots end sooner, and
 * save one write of two.
 */
export const settleMs = 250;

/**
 * How long a new run waits for another run of a dependency that had failed before: by one commit all of a chain are run again, and its objects come in
 * any order.
 */
export const rerunGraceMs = 30_000;

/** The same where the dependency had completed another run than the one that is asked for. */
export const rerunSettleMs = 10_000;

/** How long a NodeTask that nobody has looked at yet keeps its place before younger ones. */
export const arrivalMs = 60_000;

/**
 * A NodeTask in a queue looks after this long for each place before it whether it has moved up, and while nothing but its place
 * changes, status is written as often at most: that it is the next, it is told, and a long queue must not keep the API server busy.
 */
export const queueLookMs = 5_000;
export const longestQueueLookMs = 60_000;

/** A reconcile waits so long for the answer of an agent; one that comes later brings the NodeTask back. */
export const patienceMs = 1_000;

/** Who writes rows that are none of its business has the operator write at most so often. */
export const foreignRowsMs = 5_000;

/** While nothing matches: how often pods without the agent label are looked for, to tell NoAgent from NoTarget. */
export const lookAgainMs = 10_000;

/** Pauses between calls to an agent that is busy or silent: doubling from the first to the last. */
export const firstRetryMs = 250;
export const lastRetryMs = 5_000;
