import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { locateMembers } from './locate-members.ts';

const wanted = new Set(['result', 'error', 'result.height', 'result.data']);

const located = async (text: string): Promise<Record<string, string> | undefined> => {
  const bytes = Buffer.from(text);
  const members = await locateMembers(bytes, wanted);
  if (members === undefined) return undefined;
  return Object.fromEntries(
    [...members].map(([name, { start, end }]) => [name, bytes.subarray(start, end).toString()]),
  );
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

describe('members of a large JSON text', () => {
  it('are found at the top and one level below, as they are written', async () => {
    assert.deepEqual(
      await located(' {"id":-1, "result": { "height" : "7", "x": {"data": 1}, "data":[1, {"y":"é"}] } , "z":null}\n'),
      {
        '': '{"id":-1, "result": { "height" : "7", "x": {"data": 1}, "data":[1, {"y":"é"}] } , "z":null}',
        result: '{ "height" : "7", "x": {"data": 1}, "data":[1, {"y":"é"}] }',
        'result.height': '"7"',
        'result.data': '[1, {"y":"é"}]',
      },
    );
    assert.deepEqual(await located('{"result":[{"height":1}],"error":null}'), {
      '': '{"result":[{"height":1}],"error":null}',
      result: '[{"height":1}]',
      error: 'null',
    });
  });

  it('count once: of two with one name the last does, with what is in it', async () => {
    const text = '{"result":{"height":"1","data":2},"result":{"height":"3"}}';
    assert.deepEqual(await located(text), { '': text, result: '{"height":"3"}', 'result.height': '"3"' });
  });

  it('are found in what a parser takes, and only in that', async () => {
    const text = fc.oneof(
      fc.json(),
      fc.record({ result: fc.jsonValue(), error: fc.jsonValue() }).map((value) => JSON.stringify(value, undefined, 1)),
      fc
        .tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '1', 'e', '\n', '\u0001'))
        .map(
          ([json, at, piece]) =>
            `{"result":${json.slice(0, at % (json.length + 1))}${piece}${json.slice(at % (json.length + 1))}}`,
        ),
    );
    await fc.assert(
      fc.asyncProperty(text, async (json) => {
        let parsed: unknown;
        try {
          parsed = JSON.parse(json);
        } catch {
          assert.equal(await located(json), undefined);
          return;
        }
        const found = await located(json);
        assert.equal(found !== undefined, isObject(parsed));
        if (found === undefined) return;
        const { result } = parsed as Record<string, unknown>;
        assert.deepEqual(found['result'] === undefined ? undefined : (JSON.parse(found['result']) as unknown), result);
      }),
      { numRuns: 2_000 },
    );
  });

  it('are found in a hostile text of 66 MB without its memory, and without holding up other work', async () => {
    const text = Buffer.concat([Buffer.from('{"result":['), Buffer.alloc(3 * 22_000_000, '{},'), Buffer.from('0]}')]);
    let [longest, last] = [0, performance.now()];
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const before = process.memoryUsage().heapUsed;
    const members = await locateMembers(text, wanted);
    clearInterval(timer);
    assert.deepEqual(members?.get('result'), { start: 10, end: text.length - 1 });
    assert.ok(process.memoryUsage().heapUsed - before < 64_000_000);
    assert.ok(longest < 1_000, `${longest} ms`);
  });
});
