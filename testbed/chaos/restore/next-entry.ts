// Sees a file or a folder the moment it gets its name.
import { watch } from 'node:fs';

export interface NextEntry extends Disposable {
  /** Resolves with the name of the first entry that fits, also if it came before this was asked for. */
  readonly came: Promise<string>;
}

/** Watches from now on for names that appear in the folder, which must be there. A name that goes counts as well. */
export const nextEntry = (folder: string, fits: (name: string) => boolean): NextEntry => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const watcher = watch(folder, (event, name) => {
    if (event === 'rename' && name !== null && fits(name)) resolve(name);
  });
  watcher.on('error', reject);
  return {
    came: promise,
    [Symbol.dispose]: () => {
      watcher.close();
    },
  };
};
