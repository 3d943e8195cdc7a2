import { sep } from 'node:path';

/** True if an absolute path is the folder or lies in it. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);

/** Folders into which neither a path of the node's configuration nor --allow-path may lead. */
export const isSystemFolder = (path: string): boolean =>
  path === '/' || ['/proc', '/sys', '/dev'].some((folder) => isWithin(path, folder));
