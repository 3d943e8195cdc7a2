import * as z from 'zod';

/** A part of the JSON schema of the values, as far as it is read here. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly items?: ValueSchema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly ValueSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly [keyword: string]: unknown;
}

/** The JSON schema by which Helm 3 and 4 check values: https://helm.sh/docs/topics/charts/#schema-files. Draft 7: what every Helm reads. */
export const valuesSchema = (schema: z.ZodType): ValueSchema =>
  z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => {
      // That keys are text goes without saying, and the default of a group is that of its members.
      delete jsonSchema.propertyNames;
      if (isGroup(jsonSchema as ValueSchema)) delete jsonSchema.default;
    },
  }) as ValueSchema;

/** Whether a value is a group of others, which are each described. */
export const isGroup = ({ properties }: ValueSchema): boolean =>
  properties !== undefined && Object.keys(properties).length > 0;

/** The members that values.yaml shows: those with a default. The others are for charts that depend on this one. */
export const shownMembers = ({ properties = {} }: ValueSchema): readonly (readonly [string, ValueSchema])[] =>
  Object.entries(properties).filter(([, member]) => isGroup(member) || member.default !== undefined);
