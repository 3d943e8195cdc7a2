import { TaskError } from '@nodetask/shared';
import { parseHeight } from '../../node/node-status.ts';
import type { LargeRpcAnswer } from '../../node/large-rpc-answer.ts';

/**
 * The line of a page for one block: `{"block_results":…,"exported_at":…,"height":…}`. The results are the text that the node sent, out of
 * its envelope and without line breaks; nothing is parsed and written anew, so every number is as it was. It comes in pieces, and uses the
 * memory of the answer: results of 60 MiB are not copied. Throws TaskError `rpc-invalid` if the answer is that of another height.
 */
export const blockLine = (height: number, { result, member }: LargeRpcAnswer, exportedAt: Date): readonly Buffer[] => {
  const found = member('height')?.toString('utf8', 0, maxHeightBytes) ?? 'none';
  if (parseHeight(valueOf(found)) !== height) {
    throw new TaskError(
      'rpc-invalid',
      `the RPC was asked for block_results of height ${height} and answers with those of height ${found}: check the node`,
    );
  }
  const at = `${exportedAt.toISOString().slice(0, 19)}Z`;
  return [
    Buffer.from('{"block_results":'),
    oneLine(result),
    Buffer.from(`,"exported_at":"${at}","height":${height}}\n`),
  ];
};

const maxHeightBytes = 80;

const valueOf = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    // It is cut, so it is no height.
    return undefined;
  }
};

const [tab, newline, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20] as const;

/** In place. In valid JSON a line break stands between tokens only, never inside a text; so does the indentation behind it. */
const oneLine = (json: Buffer): Buffer => {
  if (!json.includes(newline) && !json.includes(carriageReturn)) return json;
  let length = 0;
  let isIndent = false;
  for (const byte of json) {
    const isBreak = byte === newline || byte === carriageReturn;
    isIndent = isBreak || (isIndent && (byte === space || byte === tab));
    if (!isIndent) json[length++] = byte;
  }
  return json.subarray(0, length);
};
