import { sameMember } from './cel.ts';
import type { ValidationRule } from './structural-schema.ts';

/**
 * What may change in a NodeTask's spec. All rules stand on `spec`, the parent, so that adding and removing a member are
 * changes too; a new runID lifts them, for it starts a new run of whatever the spec then says.
 */
export const immutabilityRules = (): readonly ValidationRule[] => [
  fixed('type', 'self.type == oldSelf.type'),
  fixed('target', 'self.target == oldSelf.target'),
  fixed('params', sameMember('params', 'self', 'oldSelf')),
  fixed('async', sameAsyncShape, 'the shape of async'),
  {
    rule: '!has(oldSelf.runID) || has(self.runID)',
    message: 'runID cannot be removed, for the run without one is over: give it a value that it never had',
    reason: 'FieldValueForbidden',
    fieldPath: '.runID',
  },
];

const newRun = '(has(self.runID) && (!has(oldSelf.runID) || self.runID != oldSelf.runID))';

const fixed = (field: string, unchanged: string, what = field): ValidationRule => ({
  rule: `${newRun} || ${unchanged}`,
  message: `${what} is immutable: to run the changed task, change runID along with it`,
  reason: 'FieldValueForbidden',
  fieldPath: `.${field}`,
});

const both = (member: string): string => `has(self.${member}) == has(oldSelf.${member})`;

/** One-shot, schedule by cron, schedule at this height, daemon with this policy; cron and its companions may change. */
const sameAsyncShape = [
  `${both('async')} && (!has(self.async) || (`,
  `${sameMember('daemon', 'self.async', 'oldSelf.async')} && ${both('async.schedule')} && (!has(self.async.schedule) || (`,
  `${both('async.schedule.cron')} && ${sameMember('blockHeight', 'self.async.schedule', 'oldSelf.async.schedule')}`,
  '))))',
].join('');
