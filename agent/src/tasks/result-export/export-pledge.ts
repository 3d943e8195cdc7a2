import type { JsonObject, ResultExportParams } from '@nodetask/shared';
import * as z from 'zod';
import type { Pledge, TaskContext, TaskReport } from '../../engine/task-handler.ts';
import { compileDestination } from './export-destination.ts';
import { type ExportState, ExportStateFile } from './export-state.ts';

const sumSchema = z.object({ pages: z.int(), blocks: z.int(), bytes: z.int() });

/** What a run has done, in objects and what is in them. */
export type ExportSum = z.output<typeof sumSchema>;

export const emptySum: ExportSum = { pages: 0, blocks: 0, bytes: 0 };

const proofSchema = z.looseObject({
  exported: z.int(),
  /** Of the page that was about to count: nothing is left to export after it. */
  isLast: z.boolean(),
  /** With that page, and without it. */
  sum: sumSchema,
  sumBefore: sumSchema,
});

/** What a run pledges about the page that is about to count. */
export const exportProof = (proof: z.input<typeof proofSchema>): JsonObject => ({
  ...proof,
  sum: { ...proof.sum },
  sumBefore: { ...proof.sumBefore },
});

/** The sum of a run that was interrupted, as far as its pages count: a page that does not count yet is exported again. */
export const sumOf = ({ proof }: Pledge, state: ExportState | undefined): ExportSum => {
  const { exported, sum, sumBefore } = proofSchema.parse(proof);
  return state?.exported !== undefined && state.exported >= exported ? sum : sumBefore;
};

/** How an interrupted run ended if the page that it pledged counts and was its last. */
export const finishExport = async (
  { params }: TaskContext<ResultExportParams>,
  { report, proof }: Pledge,
  stateFolder: string,
): Promise<TaskReport | undefined> => {
  const { exported, isLast } = proofSchema.parse(proof);
  const state = await new ExportStateFile(stateFolder, compileDestination(params)).read();
  return isLast && state?.exported !== undefined && state.exported >= exported ? report : undefined;
};
