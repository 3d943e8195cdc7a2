import { TaskError } from '@nodetask/shared';
import type { RecordPage, Store, TaskRecord } from '../../../src/engine/store.ts';

/** A store between an engine and the real one: it can fail as a disk does, and cut the engine off as a crash does. */
export class CrashingStore implements Store {
  readonly #store: Store;
  #failing: 'nothing' | 'writes' | 'everything' = 'nothing';

  constructor(store: Store) {
    this.#store = store;
  }

  get journalID(): string {
    return this.#store.journalID;
  }

  fail(what: 'nothing' | 'writes' | 'everything'): void {
    this.#failing = what;
  }

  /** From now on nothing that the engine does reaches the real store. */
  crash(): void {
    this.#failing = 'everything';
  }

  get(id: string): TaskRecord | undefined {
    this.#read();
    return this.#store.get(id);
  }

  put(record: TaskRecord): void {
    this.#write();
    this.#store.put(record);
  }

  remove(id: string, at: Date): boolean {
    this.#write();
    return this.#store.remove(id, at);
  }

  isTombstoned(id: string): boolean {
    this.#read();
    return this.#store.isTombstoned(id);
  }

  list(limit: number, before?: number): RecordPage {
    this.#read();
    return this.#store.list(limit, before);
  }

  living(): readonly TaskRecord[] {
    this.#read();
    return this.#store.living();
  }

  unreported(limit: number): readonly TaskRecord[] {
    this.#read();
    return this.#store.unreported(limit);
  }

  evict(keep: number, now: Date): number {
    this.#write();
    return this.#store.evict(keep, now);
  }

  nextSequence(): number {
    this.#read();
    return this.#store.nextSequence();
  }

  getValue(key: string): string | undefined {
    this.#read();
    return this.#store.getValue(key);
  }

  setValue(key: string, value: string): void {
    this.#write();
    this.#store.setValue(key, value);
  }

  transaction<T>(work: () => T): T {
    this.#write();
    return this.#store.transaction(work);
  }

  ping(): void {
    this.#read();
    this.#store.ping();
  }

  close(): void {
    this.#store.close();
  }

  #read(): void {
    if (this.#failing === 'everything') throw new TaskError('store-unavailable', 'the test cut the store off');
  }

  #write(): void {
    if (this.#failing !== 'nothing') throw new TaskError('store-unavailable', 'the test lets writes fail');
  }
}
