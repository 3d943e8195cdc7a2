import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { describeURL, type HttpAnswer, httpGet, isOversize, networkError } from '../../node/http/http-get.ts';
import { waitForEach } from '../../outside-waits.ts';
import { isGzip, rawAddress } from './document-kind.ts';
import type { GenesisSource } from './genesis-source.ts';
import { peekStream } from './peek-stream.ts';

const maxRedirects = 5;

/** A genesis document behind an https URL. */
export const httpsSource = (uri: string, egress: Egress): GenesisSource => {
  const url = egress.checkURL('uri', uri);
  return {
    name: describeURL(url),
    address: url,
    read: async function* ({ signal, maxBytes, onTotal }) {
      const answer = await httpGet(url, { egress, signal, maxRedirects, maxBytes, unreachable: 'source-unreachable' });
      try {
        refuseWrongAnswer(answer, url);
        const length = Number(answer.headers['content-length']);
        if (Number.isSafeInteger(length)) onTotal(length);
        const { head, all } = await peekStream(
          waitForEach(() => describeURL(answer.url), chunksOf(answer)),
          2,
        );
        if (isCompressed(answer) && !isGzip(head)) {
          throw new TaskError(
            'source-invalid',
            `${describeURL(answer.url)} says that it answers compressed by gzip, and its bytes are not: give another address`,
          );
        }
        yield* all;
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

async function* chunksOf({ body }: HttpAnswer): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body as AsyncIterable<Buffer>) yield chunk;
}

/** Servers say so of files that are .gz, too. */
const isCompressed = ({ headers }: HttpAnswer): boolean => /^(?:x-)?gzip$/i.test(headers['content-encoding'] ?? '');

const refuseWrongAnswer = (answer: HttpAnswer, asked: URL): void => {
  const { status, headers, url } = answer;
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
    const raw = rawAddress(asked) ?? rawAddress(url);
    throw new TaskError(
      'source-invalid',
      `${where} answers with a web page (${type.slice(0, 60)}), not with a document: give the address of the raw file${raw === undefined ? '' : `, ${raw.slice(0, 300)}`}`,
    );
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && !isCompressed(answer) && !/^(?:identity)?$/i.test(encoding)) {
    throw new TaskError(
      'source-invalid',
      `${where} answers compressed (${encoding.slice(0, 40)}) although it was not asked to: give the address of the document as it is or as .gz`,
    );
  }
};
