/** A value of a genesis document with which a node does not start. Its message says where it is, what is there and what belongs there. */
export class GenesisFault extends Error {
  override readonly name = 'GenesisFault';
  /** Dotted, with numbers for the items of lists: `validators.0.power`. */
  readonly path: string;

  /** @param value its JSON; undefined if it is missing. `rule` goes after "must be". */
  constructor(path: string, value: string | undefined, rule: string) {
    super(`${path} ${value === undefined ? 'is missing' : `is ${cut(value)}`}, and must be ${rule}`);
    this.path = path;
  }
}

const maxShown = 60;

const cut = (json: string): string => (json.length > maxShown ? `${json.slice(0, maxShown)}...` : json);
