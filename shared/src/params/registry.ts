import type * as z from 'zod';
import type { TaskType } from '../task-type.ts';
import { configApplyParams } from './config-apply.ts';
import { configPatchParams } from './config-patch.ts';
import { configReloadParams } from './config-reload.ts';
import { configValidateParams } from './config-validate.ts';
import { configureGenesisParams } from './configure-genesis.ts';
import { configureStateSyncParams } from './configure-state-sync.ts';
import { discoverPeersParams } from './discover-peers.ts';
import { markReadyParams } from './mark-ready.ts';
import { resultExportParams } from './result-export.ts';
import { snapshotRestoreParams } from './snapshot-restore.ts';
import { snapshotUploadParams } from './snapshot-upload.ts';

/** The params of every task type; what the CRD, the OpenAPI document, the docs and both programs are made from. */
export const taskParams = {
  'snapshot-restore': snapshotRestoreParams,
  'discover-peers': discoverPeersParams,
  'config-patch': configPatchParams,
  'config-apply': configApplyParams,
  'config-validate': configValidateParams,
  'config-reload': configReloadParams,
  'mark-ready': markReadyParams,
  'configure-genesis': configureGenesisParams,
  'configure-state-sync': configureStateSyncParams,
  'snapshot-upload': snapshotUploadParams,
  'result-export': resultExportParams,
} as const satisfies Record<TaskType, { readonly schema: z.ZodType }>;

/** Parsed params (defaults filled in) by task type. */
export type TaskParams = { [T in TaskType]: z.output<(typeof taskParams)[T]['schema']> };
