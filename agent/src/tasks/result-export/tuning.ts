/** Times and sizes that are no params; tests make them small. */
export interface ExportTuning {
  /** Budget of one call to the RPC. */
  readonly callTimeoutMs: number;
  /** Of one call, the first included. */
  readonly tries: number;
  readonly firstPauseMs: number;
  /** For blocks that are fetched or wait to be written; also the largest results of one block that are taken. */
  readonly budgetBytes: number;
  /** A daemon that writes pages that are not full does so when their first block has waited for so long. */
  readonly partialPageDelayMs: number;
}

export const defaultTuning: ExportTuning = {
  callTimeoutMs: 30_000,
  tries: 5,
  firstPauseMs: 200,
  budgetBytes: 64 * 1024 * 1024,
  partialPageDelayMs: 60_000,
};
