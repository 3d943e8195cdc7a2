import type * as z from 'zod';

/** The members of an object that fit their schemas, as these read them; none where it is no object. */
export const readMembers = <Shape extends z.ZodRawShape>(
  shape: Shape,
  object: unknown,
): Partial<z.output<z.ZodObject<Shape>>> => {
  if (typeof object !== 'object' || object === null) return {};
  const members = object as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(shape).flatMap(([name, schema]) => {
      const value = Object.hasOwn(members, name) ? members[name] : undefined;
      if (value === undefined) return [];
      const { success, data } = (schema as z.ZodType).safeParse(value);
      return success ? [[name, data]] : [];
    }),
  ) as Partial<z.output<z.ZodObject<Shape>>>;
};
