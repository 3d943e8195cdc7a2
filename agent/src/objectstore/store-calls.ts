import { abortReason, type Clock, TaskError } from '@nodetask/shared';
import type { Egress } from '../node/egress.ts';
import { waitFor } from '../outside-waits.ts';
import { checkEndpoint } from './configured-endpoint.ts';
import { describeObject, type ObjectStoreLocation } from './location.ts';
import { createS3, type S3 } from './s3-client.ts';
import { storeError } from './store-error.ts';
import { within } from './within.ts';

/** Told of the bytes of objects that went to a store, or came from one; repeated tries count each time. */
export type OnTransfer = (direction: 'upload' | 'download', bytes: number) => void;

export interface StoreOptions {
  readonly egress: Egress;
  readonly clock: Clock;
  readonly onTransfer?: OnTransfer;
}

/** One request to the store, with all its tries. */
export interface StoreCall {
  /** For messages: `read`, `list`. */
  readonly verb: string;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Of all tries together; default 2 minutes. */
  readonly budgetMs?: number;
}

const defaultBudgetMs = 120_000;

/** Makes requests to one location: opens the client on first use, bounds every call, and turns errors into TaskErrors. */
export class StoreCalls {
  readonly location: ObjectStoreLocation;
  readonly clock: Clock;
  readonly transferred: OnTransfer;
  readonly #egress: Egress;
  #s3: Promise<S3> | undefined;

  constructor(location: ObjectStoreLocation, { egress, clock, onTransfer = () => undefined }: StoreOptions) {
    checkEndpoint(egress, location);
    this.location = location;
    this.clock = clock;
    this.transferred = onTransfer;
    this.#egress = egress;
  }

  describe(key?: string): string {
    return describeObject(this.location, key);
  }

  /** Rejects with a TaskError, or with the signal's reason. */
  async send<T>(call: StoreCall, request: (s3: S3, signal: AbortSignal) => Promise<T>): Promise<T> {
    const budgetMs = call.budgetMs ?? defaultBudgetMs;
    const late = (): Error =>
      new TaskError(
        'object-store-unreachable',
        `cannot ${call.verb} ${this.describe(call.key)} within ${Math.round(budgetMs / 1000)} s: check endpoint and network`,
      );
    try {
      return await waitFor(
        () => this.describe(call.key),
        async () =>
          within({ clock: this.clock, signal: call.signal, budgetMs, late }, async (signal) =>
            request(await this.#open(), signal),
          ),
      );
    } catch (error) {
      throw this.errorOf(call, error);
    }
  }

  /** What the caller is to see of an error of a request. */
  errorOf({ verb, key, signal }: StoreCall, error: unknown): Error {
    if (signal.aborted) return abortReason(signal);
    return storeError({ verb, where: this.describe(key), isAnonymous: this.location.anonymous }, error);
  }

  close(): void {
    void this.#close();
  }

  async #close(): Promise<void> {
    const opened = this.#s3;
    this.#s3 = undefined;
    try {
      (await opened)?.client.destroy();
    } catch {
      // It never opened; whoever asked for it has been told.
    }
  }

  #open(): Promise<S3> {
    this.#s3 ??= createS3(this.location, this.#egress);
    return this.#s3;
  }
}
