import { access, constants } from 'node:fs/promises';
import { errorCode } from '../process/process-identity.ts';

/** False for what is not there, not executable, or below something that is no folder. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false;
    throw error;
  }
}
