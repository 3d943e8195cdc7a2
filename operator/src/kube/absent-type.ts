import type { Logger } from '@nodetask/shared';

/** Says that the API server does not have a type, once for all mirrors of it and however often they ask, and once that it has it again. */
export class AbsentType {
  readonly #logger: Logger;
  /** Says how to install it. */
  readonly text: string;
  #isMissing = false;

  constructor(logger: Logger, text: string) {
    this.#logger = logger;
    this.text = text;
  }

  missing(): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#logger.error(this.text);
  }

  found(): void {
    if (!this.#isMissing) return;
    this.#isMissing = false;
    this.#logger.info('what was not installed is there now, and the work goes on');
  }
}
