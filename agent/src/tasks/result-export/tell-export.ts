import { bytesText } from '@nodetask/shared';
import type { TaskReport } from '../../engine/task-handler.ts';
import { plural } from '../plural.ts';
import type { ExportSum } from './export-pledge.ts';

/** What a run has exported, in words and in numbers: "exported 100 blocks up to 20250 in 1 page, 3.1 MB". */
export const tellExport = (
  { pages, blocks, bytes }: ExportSum,
  height: number | undefined,
): Required<Pick<TaskReport, 'message' | 'numbers'>> => ({
  message: `exported ${plural(blocks, 'block')}${height === undefined ? '' : ` up to ${height}`} in ${plural(pages, 'page')}, ${bytesText(bytes)}`,
  numbers: { ...(height === undefined ? {} : { height }), blocks, bytes },
});
