/** The object that an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One thing that happened, for `kubectl describe`. */
export interface EventRecord {
  readonly regarding: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** Why: UpperCamelCase, at most 128 characters. `Dispatched`. */
  readonly reason: string;
  /** What was done: UpperCamelCase, at most 128 characters. `Dispatch`. */
  readonly action: string;
  /** For people; cut at 1 KiB. */
  readonly note: string;
}

/** Takes events. Never throws, never waits. Implemented by EventRecorder. */
export interface EventSink {
  event(record: EventRecord): void;
}
