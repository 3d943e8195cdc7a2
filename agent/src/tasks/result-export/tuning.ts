/** Times and sizes that are no params; tests make them small. */
export interface ExportTuning {
  /** Budget of one call to the RPC. */
  readonly callTimeoutMs: number;
  /** Of one call, the first included. */
  readonly tries: number;
  readonly firstPauseMs: number;
  /** For the blocks of one export that are fetched or wait to be written. */
  readonly budgetBytes: number;
  /** The largest results of one block that are taken. Of blocks above the budget, all exports of the process have one at a time. */
  readonly largestBytes: number;
  /** A daemon that writes pages that are not full does so when their first block has waited for so long. */
  readonly partialPageDelayMs: number;
}

export const defaultTuning: ExportTuning = {
  callTimeoutMs: 30_000,
  tries: 5,
  firstPauseMs: 200,
  budgetBytes: 8 * 1024 * 1024,
  largestBytes: 64 * 1024 * 1024,
  partialPageDelayMs: 60_000,
};
