import { taskParams } from '../params/registry.ts';
import { type TaskType, taskTypes } from '../task-type.ts';
import { celList, celName, celString } from './cel.ts';
import { paramsByType } from './params-by-type.ts';
import type { ValidationRule } from './structural-schema.ts';

/** Rules at `spec`: which type needs which params, which it takes, and how they go together. */
export const paramsRules = (): readonly ValidationRule[] => [
  ...requiredParams(),
  ...allowedParams(),
  ...taskTypes.flatMap((type) => crossFieldRulesOf(type)),
];

const requiredParams = (): readonly ValidationRule[] =>
  paramsByType().flatMap(({ name, requiredBy }) =>
    requiredBy.map((type) => ({
      rule: `self.type != ${celString(type)} || (has(self.params) && has(self.params.${celName(name)}))`,
      message: `params.${name} is required for type ${type}`,
      reason: 'FieldValueRequired' as const,
      fieldPath: `.params.${name}`,
    })),
  );

const allowedParams = (): readonly ValidationRule[] =>
  paramsByType()
    .filter(({ takenBy }) => takenBy.length < taskTypes.length)
    .map(({ name, takenBy }) => ({
      rule: `!has(self.params) || !has(self.params.${celName(name)}) || self.type in ${celList(takenBy)}`,
      message: `params.${name} is a parameter of ${takenBy.join(', ')} only`,
      messageExpression: `${celString(`params.${name} is not a parameter of type `)} + self.type + ${celString(`, only of ${takenBy.join(', ')}`)}`,
      reason: 'FieldValueForbidden' as const,
      fieldPath: `.params.${name}`,
    }));

/** The rules speak of `self` = the params object; here it is `self.params`, which may be absent. */
const crossFieldRulesOf = (type: TaskType): readonly ValidationRule[] =>
  taskParams[type].rules.map(({ cel, message, holds }) => {
    const atSpec = cel.replaceAll(/\bself\b/g, 'self.params');
    const rule = holds({}) ? `!has(self.params) || (${atSpec})` : `has(self.params) && (${atSpec})`;
    return {
      rule: `self.type != ${celString(type)} || (${rule})`,
      message: `type ${type}: ${message}`,
      fieldPath: '.params',
    };
  });
