// Sees the effect of a task the moment it is there: the rename that puts a new config.toml in place.
import { watch } from 'node:fs';

export interface EffectWatch extends Disposable {
  /** Calls back at the next effect in the folder with this number, once. */
  onNext(folder: number, callback: () => void): void;
}

export const watchEffects = (folders: readonly string[]): EffectWatch => {
  const waiting = new Map<number, () => void>();
  const watchers = folders.map((folder, number) =>
    watch(folder, (_event, file) => {
      if (file !== 'config.toml') return;
      const callback = waiting.get(number);
      waiting.delete(number);
      callback?.();
    }),
  );
  return {
    onNext: (folder, callback) => {
      waiting.set(folder, callback);
    },
    [Symbol.dispose]: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
};
