import { isIP } from 'node:net';

interface Holding {
  readonly address: string;
  readonly family: number;
  calls: number;
}

/** Addresses by name, as long as calls need them: nothing is kept of pods that are called no more. */
export class HeldAddresses {
  readonly #holdings = new Map<string, Holding>();

  /** Has `name` mean `address` until disposed; with several holders the newest says which. */
  hold(name: string, address: string): Disposable {
    const calls = (this.#holdings.get(name)?.calls ?? 0) + 1;
    this.#holdings.set(name, { address, family: isIP(address), calls });
    return {
      [Symbol.dispose]: () => {
        const holding = this.#holdings.get(name);
        if (holding === undefined) return;
        holding.calls -= 1;
        if (holding.calls === 0) this.#holdings.delete(name);
      },
    };
  }

  find(name: string): { readonly address: string; readonly family: number } | undefined {
    const holding = this.#holdings.get(name);
    return holding === undefined ? undefined : { address: holding.address, family: holding.family };
  }

  get size(): number {
    return this.#holdings.size;
  }
}
