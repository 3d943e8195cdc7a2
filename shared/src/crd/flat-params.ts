import { type ParamName, paramsByType } from './params-by-type.ts';
import type { StructuralSchema } from './structural-schema.ts';

/** How a param's description begins: the types that take it, those that require it marked. */
const owners = (name: ParamName): string =>
  name.takenBy.map((type) => (name.requiredBy.includes(type) ? `${type} (required)` : type)).join(', ');

/**
 * The params of all task types as one flat object: every key optional and without default, for a structural schema knows
 * no union. Which type needs and takes which key is said by the rules of `params-rules.ts`.
 */
export const flatParams = (): StructuralSchema => ({
  description:
    'Parameters of the task type; each says which types take it. Immutable, except together with a new runID.',
  type: 'object',
  properties: Object.fromEntries(
    paramsByType().map((param) => [
      param.name,
      { ...param.schema, description: `${owners(param)}: ${param.description}` },
    ]),
  ),
});
