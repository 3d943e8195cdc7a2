import { taskTypes } from '../task-type.ts';
import { type ParamName, paramsByType, paramsOfType } from './params-by-type.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** How a param's description begins: the types that take it, those that require it marked. */
const owners = (name: ParamName): string =>
  name.takenBy.map((type) => (name.requiredBy.includes(type) ? `${type} (required)` : type)).join(', ');

/**
 * The params of all task types as one flat object: every key optional and without default, for a structural schema knows
 * no union. Which type needs and takes which key is said by the rules of `params-rules.ts`.
 */
export const flatParams = (): StructuralSchema => ({
  description: [
    'Parameters of the task type. The description of each begins with the types that take it;',
    `${taskTypes.filter((type) => paramsOfType(type).length === 0).join(', ')} takes none.`,
    'Immutable, except together with a new runID.',
  ].join(' '),
  type: 'object',
  properties: Object.fromEntries(
    paramsByType().map((param) => [
      param.name,
      { ...param.schema, description: `${owners(param)}: ${param.description}` },
    ]),
  ),
});
