// Sees the effect of a task the moment it is there: the rename that puts a new config.toml in place.
import { watch } from 'node:fs';

export interface EffectWatch extends Disposable {
  /** Resolves with true at the next effect in the folder with this number, and with false where none comes within `withinMs`. */
  next(folder: number, withinMs: number): Promise<boolean>;
}

export const watchEffects = (folders: readonly string[]): EffectWatch => {
  const waiting = new Map<number, (came: boolean) => void>();
  const watchers = folders.map((folder, number) =>
    watch(folder, (_event, file) => {
      if (file === 'config.toml') waiting.get(number)?.(true);
    }),
  );
  return {
    next: async (folder, withinMs) =>
      new Promise((resolve) => {
        const end = (came: boolean): void => {
          clearTimeout(timer);
          waiting.delete(folder);
          resolve(came);
        };
        const timer = setTimeout(end, withinMs, false);
        waiting.set(folder, end);
      }),
    [Symbol.dispose]: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
};
