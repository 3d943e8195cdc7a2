import type { Span, SpanAttributes, Tracer } from '@nodetask/runtime';
import type { NodeTask } from '@nodetask/shared';
import type { AgentCalls } from '../agents/agent-client.ts';
import { AgentError } from '../agents/agent-error.ts';
import type { AgentPod } from '../agents/agent-pod.ts';
import type { StatusWrites } from '../controller/status-writer.ts';
import { attributesOf, traceOf } from './node-task-trace.ts';

/**
 * The span of one reconcile, and below it those of what it does: calls to agents and writes. A reconcile that finds nothing to do, as most
 * do, leaves no span.
 */
export class ReconcileTrace {
  readonly #tracer: Tracer;
  readonly #span: Span;
  #did = false;

  constructor(tracer: Tracer, nodeTask: NodeTask) {
    this.#tracer = tracer;
    this.#span = tracer.start('reconcile', { parent: traceOf(nodeTask), attributes: attributesOf(nodeTask) });
  }

  /** The same calls, each with a span, whose place the agent is told with a dispatch. */
  agents(agents: AgentCalls): AgentCalls {
    return {
      submit: async (pod, request, signal) =>
        this.#call('dispatch', pod, request.id, async (span) => agents.submit(pod, request, signal, span.traceparent)),
      read: async (pod, id, signal) => this.#call('read', pod, id, async () => agents.read(pod, id, signal)),
      reschedule: async (pod, id, update, signal) =>
        this.#call('reschedule', pod, id, async () => agents.reschedule(pod, id, update, signal)),
      remove: async (pod, id, signal) => this.#call('remove', pod, id, async () => agents.remove(pod, id, signal)),
    };
  }

  /** The same writes, each with a span. */
  writer(writer: StatusWrites): StatusWrites {
    return {
      apply: async (nodeTask, status, signal) =>
        this.#write('status', { 'nodetask.phase': status.phase ?? '' }, async () =>
          writer.apply(nodeTask, status, signal),
        ),
      dropRows: async (nodeTask, pods, signal) =>
        this.#write('rows', { 'k8s.pod.name': pods.join(' ').slice(0, 1024) }, async () =>
          writer.dropRows(nodeTask, pods, signal),
        ),
      addFinalizer: async (nodeTask, signal) =>
        this.#write('finalizer', {}, async () => writer.addFinalizer(nodeTask, signal)),
      removeFinalizer: async (nodeTask, signal) =>
        this.#write('finalizer', {}, async () => writer.removeFinalizer(nodeTask, signal)),
      delete: async (nodeTask, signal) => this.#write('deletion', {}, async () => writer.delete(nodeTask, signal)),
    };
  }

  /** @param error why the reconcile failed, if it did. */
  end(error?: unknown): void {
    if (error !== undefined) this.#span.fail(error);
    if (this.#did || error !== undefined) this.#span.end();
  }

  async #call<T>(verb: string, pod: AgentPod, taskID: string, work: (span: Span) => Promise<T>): Promise<T> {
    const attributes = { 'k8s.pod.name': pod.metadata.name, 'nodetask.task_id': taskID };
    return this.#below(`agent ${verb}`, attributes, async (span) => {
      try {
        return await work(span);
      } catch (error) {
        if (error instanceof AgentError) span.set({ 'nodetask.answer': error.kind });
        throw error;
      }
    });
  }

  async #write<T>(what: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
    return this.#below(`write ${what}`, attributes, work);
  }

  async #below<T>(name: string, attributes: SpanAttributes, work: (span: Span) => Promise<T>): Promise<T> {
    this.#did = true;
    const span = this.#tracer.start(name, { parent: this.#span.traceparent, kind: 'client', attributes });
    try {
      return await work(span);
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }
}
