import type * as z from 'zod';
import type { ValidationRule } from './structural-schema.ts';

/**
 * The regular expressions of a zod string as CEL: for a `pattern` the API server only says that the value should match it,
 * a CEL rule says in words what the value should be.
 */
export const patternRules = (schema: z.core.$ZodType): readonly ValidationRule[] => {
  const { _zod: internals } = schema;
  return (internals.def.checks ?? []).flatMap(({ _zod: check }) => {
    const definition = check.def as z.core.$ZodCheckRegexDef;
    if (definition.check !== 'string_format' || definition.format !== 'regex') {
      return [];
    }
    // The messages of our schemas are plain text: what zod gives the function for an issue does not matter.
    const message = (definition.error as (() => unknown) | undefined)?.();
    const pattern = re2(definition.pattern.source);
    return typeof message === 'string' ? [{ rule: `self.matches(r'${pattern}')`, message }] : [];
  });
};

/** The API server's regular expressions are RE2: neither look-around nor back-references. https://github.com/google/re2/wiki/Syntax */
const re2 = (pattern: string): string => {
  if (/\(\?[=!<]|\\[1-9]|\\[pP]\{|'/.test(pattern)) {
    throw new Error(
      `the pattern ${pattern} cannot be said in CEL: write it without look-around, back-references and '`,
    );
  }
  return pattern.replaceAll(String.raw`\/`, '/');
};
