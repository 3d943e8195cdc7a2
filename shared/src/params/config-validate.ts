import * as z from 'zod';
import { defineParams } from './define-params.ts';
import { dialect, targetVersion } from './fields.ts';

export const configValidateParams = defineParams(z.strictObject({ targetVersion: targetVersion.optional(), dialect }));

export type ConfigValidateParams = z.output<typeof configValidateParams.schema>;
