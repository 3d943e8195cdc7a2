import type { TaskError } from '@nodetask/shared';
import { JsonStream, JsonStreamError } from '../../node/json/json-stream.ts';
import { genesisInvalid } from './genesis-invalid.ts';

/** What is told of a genesis document. */
export type Genesis = Readonly<Record<'sha256' | 'chainId', string> & Record<'bytes', number>>;

/**
 * Checks that what streams through is a genesis document of CometBFT, without holding it: one JSON object with `chain_id` and
 * `genesis_time`, and something to start from. Throws TaskError `genesis-invalid`.
 * https://docs.cometbft.com/v0.38/core/using-cometbft#genesis
 */
export class GenesisCheck {
  readonly #source: string;
  readonly #members = new Map<string, string | undefined>();
  /** The first others, which show people what it is instead. */
  readonly #keys: string[] = [];
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #json = new JsonStream((key, value) => {
    if (!interesting.has(key)) {
      if (this.#keys.length < maxKeys) this.#keys.push(JSON.stringify(key.slice(0, 40)));
      return;
    }
    if (this.#members.has(key)) throw this.#invalid(`has ${key} twice`);
    this.#members.set(key, value);
  });

  /** `source` names the document in messages. */
  constructor(source: string) {
    this.#source = source;
  }

  write(chunk: Uint8Array): void {
    this.#guard(() => {
      this.#json.write(this.#decoder.decode(chunk, { stream: true }));
    });
  }

  /** The chain id, once the whole document has passed. */
  end(): string {
    this.#guard(() => {
      this.#json.write(this.#decoder.decode());
      this.#json.end();
    });
    const chainId = this.#members.get('chain_id');
    if (chainId === undefined || chainId === '' || chainId.length > maxChainIdLength) {
      const others = this.#keys.length === 0 ? '' : `, but ${this.#keys.join(', ')}`;
      throw this.#invalid(`has no chain_id that is a text of 1 to ${maxChainIdLength} characters${others}`);
    }
    const time = this.#members.get('genesis_time');
    if (time === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time)) throw this.#invalid('has no genesis_time');
    if (!beginnings.some((key) => this.#members.has(key))) {
      throw this.#invalid(`has none of ${beginnings.join(', ')}`);
    }
    return chainId;
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof JsonStreamError) throw this.#invalid(`is ${error.message}${hintOf(error)}`, error);
      if (error instanceof TypeError) throw this.#invalid('is not UTF-8 text', error);
      throw error;
    }
  }

  #invalid(what: string, cause?: unknown): TaskError {
    return genesisInvalid(this.#source, what, undefined, cause);
  }
}

/** Files that were not written to their end are padded so. */
const hintOf = ({ message }: Error): string =>
  message.includes('"\\u0000"') ? ': it has NUL bytes, with which a node refuses it' : '';

const maxKeys = 5;

/** As CometBFT limits it. */
const maxChainIdLength = 50;

/** `consensus` is where newer versions of the Cosmos SDK put what CometBFT's own document has in the two after it. */
const beginnings = ['app_state', 'consensus', 'consensus_params', 'validators'];

const interesting = new Set(['chain_id', 'genesis_time', ...beginnings]);
