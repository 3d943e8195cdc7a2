import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge, judgeInSDK } from '../../../test/support/judges.ts';
import { NoDocumentError } from './document-members.ts';
import { type GenesisDocument, GenesisDocumentReader } from './genesis-document.ts';
import { GenesisFault } from './genesis-fault.ts';
import { cometBFTReaders, type GenesisReader, sdkReaders, subjectOf } from './genesis-readers.ts';
import { genesisRows, type GenesisRow } from './testing/genesis-rows.ts';

const read = (text: string): GenesisDocument => {
  const reader = new GenesisDocumentReader();
  reader.write(Buffer.from(text));
  return reader.end();
};

/** Undefined if the document is taken; else why not. */
const refusalBy = (reader: GenesisReader, text: string): string | undefined => {
  try {
    reader.check(subjectOf(read(text).members));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof GenesisFault || error instanceof NoDocumentError, String(error));
    return error.message;
  }
};

const texts = genesisRows.map((row) => row.text);

/** Holds the agent's word on each row against that of a program. */
const compare = (reader: GenesisReader, verdicts: readonly string[]): void => {
  assert.equal(verdicts.length, genesisRows.length);
  const wrong = genesisRows.flatMap((row, index) => faultsOf(row, refusalBy(reader, row.text), verdicts[index] ?? ''));
  assert.deepEqual(wrong, []);
};

const faultsOf = (row: GenesisRow, refusal: string | undefined, verdict: string): readonly string[] => {
  const taken = verdict === 'ok';
  if (taken === (refusal === undefined)) return [];
  const allowed = taken ? row.stricter !== undefined : row.buildTag !== undefined;
  return allowed ? [] : [`${row.what}: the agent says ${refusal ?? 'ok'}, the program ${verdict.slice(0, 200)}`];
};

describe('a genesis is taken here as by the programs that read it', () => {
  test('each version of CometBFT says the same, value by value', async () => {
    const verdicts = await judge('genesis', texts);
    for (const reader of cometBFTReaders) {
      const [, lines = []] = [...verdicts].find(([version]) => version.startsWith(`v${reader.version ?? ''}.`)) ?? [];
      compare(reader, lines);
    }
  });

  test('a node of the Cosmos SDK 0.55 with CometBFT 0.40 says the same, value by value', async () => {
    const reader = sdkReaders.find(({ version }) => version === '0.40');
    assert.ok(reader);
    compare(reader, await judgeInSDK(texts));
  });
});
