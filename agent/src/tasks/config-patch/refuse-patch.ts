import { TaskError } from '@nodetask/shared';
import { formatPath, type KeyPath } from '../../node/document-value.ts';
import type { DocumentFormat } from './document-format.ts';

/** Throws TaskError `patch-invalid` that says which file and key, what is wrong and what to do. */
export const refusePatch = (format: DocumentFormat, path: KeyPath, what: string, hint: string): never => {
  throw new TaskError('patch-invalid', `${format.file}: ${formatPath(path)} ${what}: ${hint}`);
};
