import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { SubmitResponse, TaskResult } from '@nodetask/shared';
import { nodeOptions } from './bundle.ts';

/** A running bundle of the agent, for tests and benchmarks. */
export interface BundledAgent {
  readonly child: ChildProcess;
  /** Of its API, with the version. */
  readonly url: string;
  /** Submits a one-shot and waits for its end. */
  run(type: string, params: object): Promise<TaskResult>;
  /** Ends it as a kubelet does; answers its exit code and what it wrote to stderr. */
  stop(): Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Starts `main.js` on a home. `env` is all of the environment that it gets beside its own settings. */
export const startBundledAgent = async (
  main: string,
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<BundledAgent> => {
  const child = spawn(process.execPath, [...nodeOptions.agent, main], {
    env: { ...env, NODETASK_HOME: home, NODETASK_LISTEN: '127.0.0.1:0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stderr = text(child.stderr);
  const closed = once(child, 'close') as Promise<[number | null]>;
  const listening = Promise.withResolvers<number>();
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      const entry = JSON.parse(line) as { readonly message: string; readonly port?: number };
      if (entry.message === 'listening' && entry.port !== undefined) listening.resolve(entry.port);
    })
    .on('close', () => {
      listening.reject(new Error('the agent ended before it listened'));
    });
  const url = `http://127.0.0.1:${String(await listening.promise)}/v0`;
  return {
    child,
    url,
    run: async (type, params) => {
      const submitted = await fetch(`${url}/tasks`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ type, params }),
      });
      if (submitted.status !== 202) throw new Error(`${type}: ${submitted.status} ${await submitted.text()}`);
      const { id } = (await submitted.json()) as SubmitResponse;
      // The stream ends with the task.
      await (await fetch(`${url}/tasks/${id}/watch`)).text();
      return (await (await fetch(`${url}/tasks/${id}`)).json()) as TaskResult;
    },
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await closed;
      return { code, stderr: await stderr };
    },
  };
};
