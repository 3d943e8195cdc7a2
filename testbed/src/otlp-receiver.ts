// A small receiver of traces, as a collector is one: OTLP over HTTP, in JSON. https://opentelemetry.io/docs/specs/otlp/#otlphttp
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { waitFor } from './wait.ts';

const value = z.union([
  z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.object({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z.object({ intValue: z.coerce.number() }).transform(({ intValue }) => intValue),
  z.object({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
]);
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .default([])
  .transform((list) => Object.fromEntries(list.map((one) => [one.key, one.value])));
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${String(digits)}}$`));
/** Nanoseconds; more than a number holds exactly. */
const time = z.union([z.string(), z.number()]).transform((nanoseconds) => Number(BigInt(nanoseconds) / 1000n) / 1000);

const span = z.object({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: hex(16).optional(),
  name: z.string(),
  kind: z.int(),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes,
  links: z.array(z.object({ traceId: hex(32), spanId: hex(16) })).default([]),
  status: z.object({ code: z.int().default(0), message: z.string().optional() }).default({ code: 0 }),
});
const request = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(span) })),
    }),
  ),
});

/** A span as it arrived; times in milliseconds since the epoch. */
export interface ReceivedSpan {
  readonly service: string;
  readonly resource: Readonly<Record<string, string | number | boolean>>;
  readonly traceID: string;
  readonly spanID: string;
  readonly parentID: string | undefined;
  readonly name: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceID: string; readonly spanID: string }[];
  /** Absent where it did not fail. */
  readonly error?: string;
}

const ERROR = 2;

export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** What it could not make sense of. */
  readonly faults: string[] = [];
  readonly #server = createServer((incoming, response) => {
    this.#answer(incoming, response).catch((error: unknown) => {
      this.faults.push(String(error));
      response.writeHead(400).end();
    });
  });
  #held: (() => void)[] | undefined;

  /** Use startOtlpReceiver(). */
  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** What --tracing-endpoint is given. */
  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** From now on requests are taken and get no answer, until release(). */
  stall(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const answer of held) answer();
  }

  /** Waits until some received span is such a one. */
  async until(what: string, isSuch: (span: ReceivedSpan) => boolean, timeoutMs = 30_000): Promise<ReceivedSpan> {
    let found: ReceivedSpan | undefined;
    await waitFor(() => (found = this.spans.find(isSuch)) !== undefined, {
      what: `the span of ${what}`,
      timeoutMs,
      detail: () => `received: ${this.spans.map(({ service, name }) => `${service} ${name}`).join(', ')}`,
    });
    if (found === undefined) throw new Error(`there is no span of ${what}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    if (incoming.method !== 'POST' || incoming.url !== '/v1/traces')
      throw new Error(`${String(incoming.method)} ${String(incoming.url)} is not POST /v1/traces`);
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
    for (const { resource, scopeSpans } of request.parse(JSON.parse(body)).resourceSpans) {
      for (const one of scopeSpans.flatMap(({ spans }) => spans)) this.spans.push(toSpan(one, resource.attributes));
    }
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  }
}

function toSpan(one: z.output<typeof span>, resource: ReceivedSpan['resource']): ReceivedSpan {
  return {
    service: String(resource['service.name']),
    resource,
    traceID: one.traceId,
    spanID: one.spanId,
    parentID: one.parentSpanId,
    name: one.name,
    startedAt: one.startTimeUnixNano,
    endedAt: one.endTimeUnixNano,
    attributes: one.attributes,
    links: one.links.map(({ traceId: traceID, spanId: spanID }) => ({ traceID, spanID })),
    ...(one.status.code === ERROR ? { error: one.status.message ?? '' } : {}),
  };
}

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const receiver = new OtlpReceiver();
  await receiver.listen();
  return receiver;
}
