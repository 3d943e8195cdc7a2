/** A column of `kubectl get`; priority 1 = only with `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'date';
  readonly description: string;
  readonly jsonPath: string;
  readonly priority?: 1;
}

/** Without `-o wide` a line has at most 80 characters where the name has at most 16: where, how far, and why. */
export const printerColumns: readonly PrinterColumn[] = [
  { name: 'Target', type: 'string', description: 'The pod, or the labels of the pods.', jsonPath: '.status.target' },
  { name: 'Phase', type: 'string', description: 'Where the task is.', jsonPath: '.status.phase' },
  {
    name: 'Progress',
    type: 'string',
    description:
      'Percent of the target that runs; else the targets that succeeded, of all; of a schedule or daemon, those where it is going.',
    jsonPath: '.status.progress',
  },
  {
    name: 'Reason',
    type: 'string',
    description: 'Reason of the condition Ready.',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
  },
  {
    name: 'Age',
    type: 'date',
    description: 'Time since the NodeTask was created.',
    jsonPath: '.metadata.creationTimestamp',
  },
  { name: 'Type', type: 'string', description: 'Task type.', jsonPath: '.spec.type', priority: 1 },
  {
    name: 'Last Run',
    type: 'date',
    description: 'Time since a schedule last fired.',
    jsonPath: '.status.lastRunAt',
    priority: 1,
  },
  {
    name: 'Next Run',
    // Not a date: kubectl prints a date as the time since it, which a moment to come has not.
    type: 'string',
    description: 'When a schedule fires next.',
    jsonPath: '.status.nextRunAt',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    description: 'What the condition Ready says.',
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
    priority: 1,
  },
];
