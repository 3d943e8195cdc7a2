// A real HTTP server with the EC2 API on loopback: moto. Its instances are records without machines; their private addresses can be those
// of a chain's nodes.
import { join } from 'node:path';
import { awsEnvironment } from './aws-credentials.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import { bareEnvironment, loadConfig } from './config.ts';
import { Ec2Query } from './ec2/ec2-query.ts';
import { freePort } from './net/free-port.ts';
import { ManagedProcess } from './process/managed-process.ts';
import { findVenv } from './programs/python-venv.ts';
import type { FindVenvOptions } from './programs/python-venv.ts';
import { makeTempFolder } from './temp-folder.ts';
import type { TempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 10_000;

export interface Ec2Options {
  readonly programs?: FindVenvOptions;
}

export interface Ec2Instance {
  /** In 127.0.0.0/8: where a task is to look for a node. */
  readonly privateAddress: string;
  readonly tags: Readonly<Record<string, string>>;
  /**
   * True: moto makes up a public address, which is somebody's on the internet. Only for tests that list instances and connect to none of
   * them. Default: it has none.
   */
  readonly hasPublicAddress?: boolean;
}

/** Starts the server and waits until it answers. stop() ends it; nothing of it is kept. */
export async function startEc2(options: Ec2Options = {}): Promise<Ec2Server> {
  const python = await findVenv('moto', options.programs);
  const folder = await makeTempFolder(loadConfig().tempRoot, 'ec2');
  const server = new Ec2Server(python, folder, await freePort(HOST));
  try {
    await server.process.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Use startEc2(). */
export class Ec2Server implements AsyncDisposable, AwsCredentials {
  /** http://127.0.0.1:PORT */
  readonly endpoint: string;
  /** host:port of the endpoint, for AgentSettings.allowHosts. */
  readonly host: string;
  readonly region = 'us-east-1';
  /** Any credentials are good: the server checks no signature. */
  readonly accessKey = 'testbed';
  readonly secretKey = 'testbed';
  readonly process: ManagedProcess;
  readonly #folder: TempFolder;
  readonly #query: Ec2Query;

  constructor(python: string, folder: TempFolder, port: number) {
    this.#folder = folder;
    this.host = `${HOST}:${port}`;
    this.endpoint = `http://${this.host}`;
    this.#query = new Ec2Query(this.endpoint, this.region);
    this.process = new ManagedProcess({
      name: `moto ${this.host}`,
      logFile: join(folder.path, 'moto.log'),
      command: () => ({
        program: python,
        args: ['-m', 'moto.server', '-H', HOST, '-p', String(port)],
        env: bareEnvironment({}),
      }),
      ready: async (signal) => {
        await waitFor(async () => this.#answers(signal), {
          what: `${this.endpoint}/moto-api/ to answer 200`,
          timeoutMs: READY_TIMEOUT_MS,
          intervalMs: 20,
          signal,
        });
      },
    });
  }

  /** For AgentSettings.env. */
  get environment(): Record<string, string> {
    return awsEnvironment(this);
  }

  /**
   * Makes running instances and answers their ids. Each is a reservation of its own: a page of DescribeInstances counts reservations, so
   * six instances and MaxResults 5 are two pages.
   */
  async runInstances(instances: readonly Ec2Instance[]): Promise<string[]> {
    const ids: string[] = [];
    for (const instance of instances) ids.push(await this.#query.runInstance(instance));
    return ids;
  }

  /** The public address of an instance, as the server has it; undefined if it has none. */
  async publicAddress(id: string): Promise<string | undefined> {
    return this.#query.publicAddress(id);
  }

  /** Stops instances: they stay listed, with another state than running. */
  async stopInstances(ids: readonly string[]): Promise<void> {
    await this.#query.stopInstances(ids);
  }

  /** Forgets every instance. */
  async reset(): Promise<void> {
    const response = await fetch(`${this.endpoint}/moto-api/reset`, {
      method: 'POST',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`POST ${response.url}: HTTP ${response.status} ${body.slice(0, 300)}`);
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answers(signal: AbortSignal): Promise<boolean> {
    try {
      const response = await fetch(`${this.endpoint}/moto-api/`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.status === 200;
    } catch {
      // Not listening yet; the wait has a budget, and a server that ends is reported by its exit.
      return false;
    }
  }
}
