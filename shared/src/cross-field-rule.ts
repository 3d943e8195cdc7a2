import * as z from 'zod';

type Members = Readonly<Record<string, unknown>>;

/**
 * A rule over several members of an object, said twice: `holds` for zod, `cel` for the API server. The two mean the same;
 * tests hold them against each other on a real API server.
 */
export interface CrossFieldRule {
  /** CEL over `self`, the object; true = good. Members are named as CEL wants them: `config.toml` is `config__dot__toml`. */
  readonly cel: string;
  /** What is wrong and what to do. */
  readonly message: string;
  /** The same for zod; `members` is the parsed object. */
  readonly holds: (members: Members) => boolean;
}

/** The rules of every object that has some; the CRD generator reads them from here. */
export const crossFieldRules = z.registry<{ readonly rules: readonly CrossFieldRule[] }>();

/** An object whose members must also keep `rules`. */
export const withRules = <Schema extends z.ZodObject>(object: Schema, rules: readonly CrossFieldRule[]): Schema => {
  const checked = object.superRefine((members, context) => {
    for (const rule of rules) {
      if (!rule.holds(members)) {
        context.addIssue({ code: 'custom', message: rule.message });
      }
    }
  });
  crossFieldRules.add(checked, { rules });
  return checked;
};

const isSet = (members: Members, key: string): boolean => members[key] !== undefined;

export const exactlyOne = (
  left: string,
  right: string,
  message = `give exactly one of ${left} and ${right}`,
): CrossFieldRule => ({
  cel: `has(self.${left}) != has(self.${right})`,
  message,
  holds: (members) => isSet(members, left) !== isSet(members, right),
});

/** Where `key` is given, `needed` is given too. */
export const requires = (
  key: string,
  needed: string,
  message = `${key} needs ${needed}: give both`,
): CrossFieldRule => ({
  cel: `!has(self.${key}) || has(self.${needed})`,
  message,
  holds: (members) => !isSet(members, key) || isSet(members, needed),
});

/** `left` and `right` are not given together. */
export const notBoth = (left: string, right: string, message: string): CrossFieldRule => ({
  cel: `!has(self.${left}) || !has(self.${right})`,
  message,
  holds: (members) => !isSet(members, left) || !isSet(members, right),
});
