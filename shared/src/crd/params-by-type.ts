import type * as z from 'zod';
import { taskParams } from '../params/registry.ts';
import { type TaskType, taskTypes } from '../task-type.ts';
import { sameJson } from './same-json.ts';
import type { StructuralSchema } from './structural-schema.ts';
import { structuralFromZod } from './zod-to-structural.ts';

/** One key of `params` and who takes it. */
export interface ParamName {
  readonly name: string;
  /** What it means, with its default. */
  readonly description: string;
  readonly schema: StructuralSchema;
  readonly takenBy: readonly TaskType[];
  readonly requiredBy: readonly TaskType[];
}

/** The description with the default that the agent fills in, which is zod's. */
export const describeWithDefault = (description: string, value: unknown): string =>
  value === undefined ? description : `${description} Default: ${JSON.stringify(value)}.`.replaceAll('"', '');

/** One param of one task type. */
export interface TypedParam {
  readonly name: string;
  readonly type: TaskType;
  readonly required: boolean;
  readonly schema: StructuralSchema;
  readonly description: string;
}

/** Every param of one task type, in the order of its zod schema. */
export const paramsOfType = (type: TaskType): readonly TypedParam[] => {
  const object: z.ZodObject = taskParams[type].object;
  const schema = structuralFromZod(object, `params of ${type}`, { defaults: true, rules: true });
  return Object.entries(schema.properties ?? {}).map(([name, { default: value, ...property }]) => {
    if (property.description === undefined) {
      throw new Error(`params.${name} of ${type} has no description: give it one in shared/src/params`);
    }
    return {
      name,
      type,
      required: schema.required?.includes(name) ?? false,
      schema: property,
      description: describeWithDefault(property.description, value),
    };
  });
};

/** The params of all task types, each once, in order of first appearance. */
export const paramsByType = (): readonly ParamName[] => mergeParams(taskTypes.flatMap((type) => paramsOfType(type)));

/** Throws where a key differs between two types: users would have to guess which meaning holds. */
export const mergeParams = (all: readonly TypedParam[]): readonly ParamName[] => {
  const params = new Map<string, ParamName>();
  for (const param of all) {
    const known = params.get(param.name);
    if (known !== undefined && !(sameJson(known.schema, param.schema) && known.description === param.description)) {
      throw new Error(
        `params.${param.name} means one thing for ${known.takenBy.join(', ')} and another for ${param.type}: ` +
          'share one schema between them, or use two names',
      );
    }
    params.set(param.name, {
      name: param.name,
      description: param.description,
      schema: param.schema,
      takenBy: [...(known?.takenBy ?? []), param.type],
      requiredBy: [...(known?.requiredBy ?? []), ...(param.required ? [param.type] : [])],
    });
  }
  return [...params.values()];
};
