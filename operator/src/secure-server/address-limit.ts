import type { Socket } from 'node:net';

/** So many connections of one address, and no more. It remembers addresses only as long as they have connections. */
export class AddressLimit {
  readonly #most: number;
  readonly #open = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts a new connection until it is closed; closes it at once where there are too many. */
  admit(socket: Socket): void {
    const { remoteAddress } = socket;
    // It has gone already.
    if (remoteAddress === undefined) return;
    const open = this.#open.get(remoteAddress) ?? 0;
    if (open >= this.#most) {
      socket.destroy();
      return;
    }
    this.#open.set(remoteAddress, open + 1);
    socket.once('close', () => {
      const left = (this.#open.get(remoteAddress) ?? 1) - 1;
      if (left === 0) this.#open.delete(remoteAddress);
      else this.#open.set(remoteAddress, left);
    });
  }
}
