import { TaskError } from '@nodetask/shared';
import type { ConfigValues } from './config-value.ts';
import { type OverrideFault, parseOverrides } from './parse-override.ts';

/** Throws TaskError `override-invalid` that names every override at fault. `param` is the parameter that they came in. */
export const checkOverrides = (param: string, overrides: Readonly<Record<string, string>>): void => {
  parsedOverrides(param, overrides);
};

/** The values of overrides; throws as `checkOverrides` does. */
export const parsedOverrides = (param: string, overrides: Readonly<Record<string, string>>): ConfigValues => {
  const { values, faults } = parseOverrides(overrides);
  if (faults.length > 0) throw refusal(param, faults);
  return values;
};

const refusal = (param: string, faults: readonly OverrideFault[]): TaskError => {
  const shown = faults.slice(0, 5).map(({ key, message }) => `${key} ${message}`);
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more` : '';
  return new TaskError('override-invalid', `${param}: ${shown.join('; ')}${more}`, {
    details: {
      faults: faults
        .slice(0, 50)
        .map(({ key, message }) => ({ path: `params.${param}.${JSON.stringify(key)}`, message })),
    },
  });
};
