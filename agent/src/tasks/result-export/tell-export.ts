import { bytesText, countText } from '@nodetask/shared';
import type { TaskReport } from '../../engine/task-handler.ts';
import type { ExportSum } from './export-pledge.ts';

/** What a run has exported, in words and in numbers: "exported 100 blocks up to 20250 in 1 page, 3.1 MB". */
export const tellExport = (
  { pages, blocks, bytes }: ExportSum,
  height: number | undefined,
): Pick<TaskReport, 'message' | 'numbers'> => ({
  message: `exported ${countText(blocks)} ${blocks === 1 ? 'block' : 'blocks'}${height === undefined ? '' : ` up to ${height}`} in ${pages} ${pages === 1 ? 'page' : 'pages'}, ${bytesText(bytes)}`,
  numbers: { ...(height === undefined ? {} : { height }), blocks, bytes },
});
