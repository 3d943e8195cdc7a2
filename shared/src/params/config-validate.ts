import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { dialect, strict, targetVersion } from './fields.ts';

export const configValidateParams = defineParams(
  z.strictObject({ targetVersion: targetVersion.optional(), dialect, strict }),
);

export type ConfigValidateParams = z.output<typeof configValidateParams.schema>;
