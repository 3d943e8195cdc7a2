/** Calls to an agent that runs as a process, and a server that keeps one of its tasks running. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TaskResult } from '@nodetask/shared';
import type { LaunchedAgent } from './agent-launcher.ts';

export const urlOf = async (agent: LaunchedAgent): Promise<string> => `http://127.0.0.1:${String(await agent.port())}`;

export const post = (url: string, task: unknown): Promise<Response> =>
  fetch(`${url}/v0/tasks`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(task),
  });

export const read = async (url: string, id: string): Promise<TaskResult> =>
  (await (await fetch(`${url}/v0/tasks/${id}`)).json()) as TaskResult;

/** A server that takes requests and never answers: a task that reads from it runs until it is aborted or its agent ends. */
export const startSilentServer = async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${String(port)}`,
    asked: () => once(server, 'request'),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
