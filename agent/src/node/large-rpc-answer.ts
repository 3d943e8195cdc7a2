import { locateMembers } from './json/locate-members.ts';

/** Answer of a CometBFT RPC as it was sent, which may be too large to be parsed. */
export interface LargeRpcAnswer {
  /** JSON text of an object. */
  readonly result: Buffer;
  /** JSON text of a wanted member of the result; undefined where it has none. */
  readonly member: (name: string) => Buffer | undefined;
}

/** The parts of an answer as they were sent; `result` is undefined where it is no object. */
export interface AnswerParts {
  readonly error: Buffer | undefined;
  readonly result: Buffer | undefined;
  readonly member: LargeRpcAnswer['member'];
}

/** Takes an answer apart, in a JSON-RPC envelope or bare. What is no JSON has no parts. */
export const takeApart = async (answer: Buffer, members: readonly string[]): Promise<AnswerParts> => {
  const inResult = members.map((name) => `result.${name}`);
  const found = await locateMembers(answer, new Set(['jsonrpc', 'error', 'result', ...members, ...inResult]));
  const textOf = (name: string): Buffer | undefined => {
    const span = found?.get(name);
    return span === undefined ? undefined : answer.subarray(span.start, span.end);
  };
  const enveloped = found?.has('jsonrpc') ?? false;
  const [result, error] = [textOf(enveloped ? 'result' : ''), textOf('error')];
  return {
    result: result?.at(0) === openBrace ? result : undefined,
    error: error?.equals(nothing) === true ? undefined : error,
    member: (name) => textOf(enveloped ? `result.${name}` : name),
  };
};

const openBrace = 0x7b;
const nothing = Buffer.from('null');
