import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL, type HttpAnswer, httpGet, isOversize, networkError } from '../../node/http/http-get.ts';
import type { GenesisSource } from './genesis-source.ts';

const maxRedirects = 5;

/** A genesis document behind an https URL. */
export const httpsSource = (uri: string, egress: Egress): GenesisSource => {
  const url = egress.checkURL('uri', uri);
  return {
    name: describeURL(url),
    read: async function* ({ signal, maxBytes, onTotal }) {
      const answer = await httpGet(url, { egress, signal, maxRedirects, maxBytes, unreachable: 'source-unreachable' });
      try {
        refuseWrongAnswer(answer);
        const length = Number(answer.headers['content-length']);
        if (Number.isSafeInteger(length)) onTotal(length);
        for await (const chunk of answer.body as AsyncIterable<Buffer>) yield chunk;
      } catch (error) {
        if (isOversize(error)) {
          const has = `${describeURL(answer.url)} has more than ${maxBytes} bytes`;
          throw new TaskError('source-invalid', `${has}, and a genesis may have ${maxBytes}; nothing was changed`);
        }
        throw networkError(answer.url, error, signal, 'source-unreachable');
      } finally {
        answer.body.destroy();
      }
    },
  };
};

const refuseWrongAnswer = ({ status, headers, url }: HttpAnswer): void => {
  const where = describeURL(url);
  if (status === 408 || status === 429 || status >= 500) {
    throw new TaskError('source-unreachable', `${where} answers with HTTP status ${status}: try again later`);
  }
  if (status !== 200) {
    throw new TaskError(
      'source-invalid',
      `${where} answers with HTTP status ${status}: check the address and that it may be read without credentials`,
    );
  }
  const type = headers['content-type'] ?? '';
  if (/^\s*(?:text\/html|application\/xhtml)/i.test(type)) {
    throw new TaskError(
      'source-invalid',
      `${where} answers with a web page (${type}), not with a document: give the address of the raw file`,
    );
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new TaskError(
      'source-invalid',
      `${where} answers compressed (${encoding.slice(0, 40)}) although it was not asked to: give another address`,
    );
  }
};
