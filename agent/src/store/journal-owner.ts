/** The pod whose tasks a journal holds. A volume cloned from a snapshot brings another pod's. */
export interface JournalOwner {
  readonly namespace: string;
  readonly podName: string;
}
