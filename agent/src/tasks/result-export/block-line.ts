import { TaskError } from '@nodetask/shared';
import { membersAt } from '../../node/json/scan-json.ts';
import { parseHeight } from '../../node/node-status.ts';
import type { RpcAnswer } from '../../node/rpc-client.ts';

/**
 * The line of a page for one block: `{"block_results":…,"exported_at":…,"height":…}`. The results are the text that the node sent, out of
 * its envelope and without line breaks; nothing is parsed and written anew, so every number is as it was. Throws TaskError `rpc-invalid`
 * where the answer is that of another height.
 */
export const blockLine = (height: number, answer: RpcAnswer, exportedAt: Date): Buffer => {
  if (parseHeight(answer.result['height']) !== height) {
    const found = JSON.stringify(answer.result['height'])?.slice(0, 80) ?? 'none';
    throw new TaskError(
      'rpc-invalid',
      `the RPC was asked for block_results of height ${height} and answers with those of height ${found}: check the node`,
    );
  }
  const at = `${exportedAt.toISOString().slice(0, 19)}Z`;
  return Buffer.from(`{"block_results":${oneLine(resultText(answer))},"exported_at":"${at}","height":${height}}\n`);
};

/** Of members with the same name the last counts, as it does for the parser that has judged the answer. */
const resultText = ({ text, enveloped }: RpcAnswer): string => {
  if (!enveloped) return text.trim();
  const member = membersAt(text, 0).findLast(({ key }) => key === 'result');
  return member === undefined ? 'null' : text.slice(member.valueStart, member.valueEnd);
};

/** In valid JSON a line break stands between tokens only, never inside a text; so does the indentation behind it. */
const oneLine = (json: string): string => json.replace(/[\r\n]+[ \t\r\n]*/g, '');
