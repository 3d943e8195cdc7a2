/** Types of the conditions on a NodeTask. Ready is always present; Reconciling and Stalled are never both True. */
export const conditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Complete',
  'Failed',
  'Finished',
  'Suspended',
  'LastRunSucceeded',
] as const;

export type ConditionType = (typeof conditionTypes)[number];

/** Phases, derived from the rest of status; an open string for clients. None has more than 9 characters (docs/adr/0058). */
export const phases = [
  'Pending',
  'Queued',
  'Running',
  'Scheduled',
  'Suspended',
  'Stalled',
  'Deleting',
  'Succeeded',
  'Failed',
  'Cancelled',
] as const;

export type Phase = (typeof phases)[number];

export const terminalPhases: readonly Phase[] = ['Succeeded', 'Failed', 'Cancelled'];
