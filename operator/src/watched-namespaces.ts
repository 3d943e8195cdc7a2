import { type Clock, type Logger, type NodeTask, sleep } from '@nodetask/shared';
import type { AgentPod } from './agents/agent-pod.ts';
import { type Check, checkReadiness } from './kube/informer-health.ts';
import type { Reflector } from './kube/reflector.ts';

/** What is known of one namespace, or of all of them. */
export interface WatchedNamespace {
  /** undefined: all namespaces. */
  readonly name: string | undefined;
  readonly nodeTasks: Pick<Reflector<NodeTask>, 'health' | 'synced'>;
  readonly pods: Pick<Reflector<AgentPod>, 'health' | 'synced'>;
}

export interface WatchedNamespacesOptions {
  readonly namespaces: readonly WatchedNamespace[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** A namespace is not to be read any more; `why` says what the API server answers, and what to do. */
  readonly onUnreadable: (namespace: string, why: string) => void;
  /** A namespace is known as a whole: from now on its NodeTasks are worked on. */
  readonly onComplete: (namespace: string | undefined) => void;
}

const lookMs = 250;
const warnAfterMs = 120_000;

/**
 * The namespaces that the operator watches, each for itself: one that is gone, or in which the operator has lost its rights, keeps it from no other. A namespace
 * that was never known as a whole has nothing done in it; one that was goes on with what is known.
 */
export class WatchedNamespaces {
  readonly #options: WatchedNamespacesOptions;
  readonly #told = new Set<string>();
  readonly #complete = new Set<string | undefined>();

  constructor(options: WatchedNamespacesOptions) {
    this.#options = options;
    // No promise of it rejects.
    for (const one of options.namespaces) void this.#awaitComplete(one);
  }

  /** Whether all NodeTasks and pods of a namespace are known, so that it may be worked in. */
  isComplete(namespace: string): boolean {
    return this.#complete.has(undefined) || this.#complete.has(namespace);
  }

  /** Those that the API server does not let the operator read, now. */
  get unreadable(): readonly string[] {
    return this.#options.namespaces.flatMap((one) => (refusalOf(one) === undefined ? [] : [one.name ?? '']));
  }

  /** Whether there is anything to work on: a namespace that is known as a whole, and none of which nothing is known yet, not even that it cannot be read. */
  readiness(): Check {
    const open = this.#options.namespaces.filter((one) => !this.#complete.has(one.name));
    const unknown = open.filter((one) => refusalOf(one) === undefined);
    // Nobody is to lead who can work nowhere.
    const late = open.length === this.#options.namespaces.length ? open : unknown;
    return checkReadiness(late.flatMap(({ nodeTasks, pods }) => [nodeTasks, pods]));
  }

  /** Resolves when the operator is ready to work. @throws the reason of `signal`. */
  async ready(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    let warnAt = clock.monotonic() + warnAfterMs;
    for (let check = this.readiness(); !check.ok; check = this.readiness()) {
      if (clock.monotonic() >= warnAt) {
        logger.error(`no complete cache after ${warnAfterMs} ms`, { reason: check.reason });
        warnAt += warnAfterMs;
      }
      await sleep(clock, lookMs, signal);
    }
  }

  async #awaitComplete({ name, nodeTasks, pods }: WatchedNamespace): Promise<void> {
    await Promise.all([nodeTasks.synced, pods.synced]);
    this.#complete.add(name);
    this.#options.onComplete(name);
  }

  /** Tells of namespaces that cannot be read, once each, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, namespaces, onUnreadable } = this.#options;
    try {
      for (;;) {
        for (const one of namespaces) {
          const name = one.name ?? '';
          const refusal = refusalOf(one);
          if (refusal === undefined) {
            if (this.#told.delete(name)) logger.info('a namespace can be read again', { namespace: name });
          } else if (!this.#told.has(name)) {
            this.#told.add(name);
            const why = unreadableText(name, refusal);
            logger.error(why, { namespace: name });
            onUnreadable(name, why);
          }
        }
        await sleep(clock, 1_000, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

const refusalOf = ({ nodeTasks, pods }: WatchedNamespace): string | undefined =>
  nodeTasks.health().refusal ?? pods.health().refusal;

const unreadableText = (name: string, refusal: string): string =>
  name === ''
    ? `The operator may not read NodeTasks and pods (${refusal}): give it the rights of the chart.`
    : `The operator cannot read namespace ${name} and does nothing there (${refusal}): take it out of agentNamespaces if it is gone, else give the operator its RoleBinding back.`;
