import type * as z from 'zod';
import { type CrossFieldRule, withRules } from '../cross-field-rule.ts';
import { paramsFit, paramsTooLarge } from './size.ts';

/** The params of one task type: the object without cross-field rules (for generation), the rules, and both together (for parsing). */
export interface ParamsDefinition<Shape extends z.ZodRawShape> {
  readonly object: z.ZodObject<Shape, z.core.$strict>;
  readonly rules: readonly CrossFieldRule[];
  readonly schema: z.ZodObject<Shape, z.core.$strict>;
}

export const defineParams = <Shape extends z.ZodRawShape>(
  object: z.ZodObject<Shape, z.core.$strict>,
  rules: readonly CrossFieldRule[] = [],
): ParamsDefinition<Shape> => ({ object, rules, schema: withRules(object, rules).refine(paramsFit, paramsTooLarge) });
