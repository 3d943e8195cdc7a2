import { maxParamsBytes } from '../names.ts';

/** Whether params are small enough. The API server cannot ask: it does not look into the files of config-patch. */
export const paramsFit = (params: unknown): boolean =>
  new TextEncoder().encode(JSON.stringify(params)).length <= maxParamsBytes;

export const paramsTooLarge = `params take at most ${maxParamsBytes / 1024} KiB as JSON: split the task into several`;
