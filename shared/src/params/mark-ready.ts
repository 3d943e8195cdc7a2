import * as z from 'zod';
import { defineParams } from './define-params.ts';

export const markReadyParams = defineParams(z.strictObject({}));

export type MarkReadyParams = z.output<typeof markReadyParams.schema>;
