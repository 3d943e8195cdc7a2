// Where the project's files are: the testbed runs from source and from dist/, one folder deeper.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The project's root: the nearest folder above this file that holds crds/ and testbed/go/. */
export const PROJECT_ROOT = findRoot(import.meta.dirname);

export function projectPath(...parts: string[]): string {
  return join(PROJECT_ROOT, ...parts);
}

function findRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'crds')) && existsSync(join(folder, 'testbed', 'go'))) return folder;
    if (dirname(folder) === folder) {
      throw new Error(
        `no folder above ${from} holds crds/ and testbed/go/: the testbed runs inside a clone of the project`,
      );
    }
  }
}
