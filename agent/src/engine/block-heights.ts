/** The height of the node's chain, for schedules by block height. */
export interface BlockHeights {
  /**
   * Calls back with each new height until the signal aborts. Outages of the node are retried inside, with backoff, for ever.
   * Only called while a schedule waits for a height.
   */
  watch(onHeight: (height: number) => void, signal: AbortSignal): Promise<void>;
}
