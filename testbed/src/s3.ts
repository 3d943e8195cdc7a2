// A real S3 server on loopback: versitygw over a folder. An object is the file `<folder>/<bucket>/<key>`.
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { awsEnvironment } from './aws-credentials.ts';
import type { AwsCredentials } from './aws-credentials.ts';
import { bareEnvironment, loadConfig } from './config.ts';
import { startFaultProxy } from './fault-proxy.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { startHttpFaultProxy } from './http-fault-proxy.ts';
import type { HttpFaultProxy, HttpFaultRule } from './http-fault-proxy.ts';
import { freePort } from './net/free-port.ts';
import { ManagedProcess } from './process/managed-process.ts';
import { findProgram } from './programs/find-program.ts';
import type { FindProgramOptions } from './programs/find-program.ts';
import type { S3Files } from './s3/s3-files.ts';
import { makeTempFolder } from './temp-folder.ts';
import type { TempFolder } from './temp-folder.ts';
import { waitFor } from './wait.ts';

const HOST = '127.0.0.1';
const HEALTH_PATH = '/healthz';
const READY_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 2_000;

export interface S3Options {
  /** Buckets to begin with (default: none). */
  readonly buckets?: readonly string[];
  readonly programs?: FindProgramOptions;
}

/** Starts a server with fresh credentials and waits until it is healthy. stop() ends it and removes every object. */
export async function startS3(options: S3Options = {}): Promise<S3Server> {
  const program = await findProgram('versitygw', options.programs);
  const folder = await makeTempFolder(loadConfig().tempRoot, 's3');
  let server: S3Server | undefined;
  try {
    await mkdir(join(folder.path, 'objects'));
    await mkdir(join(folder.path, 'accounts'));
    // Loaded here and not above: most users of the testbed need no S3, and the SDK takes a while to load.
    const { S3Files: Files } = await import('./s3/s3-files.ts');
    server = new S3Server(program, folder, await freePort(HOST), (own) => new Files(own));
    await server.start();
    for (const bucket of options.buckets ?? []) await server.files.createBucket(bucket);
    return server;
  } catch (error) {
    await server?.process.stop();
    await folder.remove();
    throw error;
  }
}

/** Use startS3(). */
export class S3Server implements AsyncDisposable, AwsCredentials {
  /** http://127.0.0.1:PORT; kept over restarts. Buckets are in the path (forcePathStyle). */
  readonly endpoint: string;
  /** host:port of the endpoint, for AgentSettings.allowHosts. */
  readonly host: string;
  readonly region = 'us-east-1';
  readonly accessKey = `testbed-${randomBytes(6).toString('hex')}`;
  readonly secretKey = randomBytes(20).toString('hex');
  /** Holds a folder for each bucket. */
  readonly folder: string;
  readonly process: ManagedProcess;
  /** Puts, gets and lists objects with these credentials. */
  readonly files: S3Files;
  readonly #folder: TempFolder;
  readonly #port: number;

  constructor(program: string, folder: TempFolder, port: number, files: (server: S3Server) => S3Files) {
    this.#folder = folder;
    this.#port = port;
    this.host = `${HOST}:${port}`;
    this.endpoint = `http://${this.host}`;
    this.folder = join(folder.path, 'objects');
    this.process = new ManagedProcess({
      name: `versitygw ${this.host}`,
      logFile: join(folder.path, 'versitygw.log'),
      command: () => ({
        program,
        args: serverArgs(this.host, this.region, this.folder, join(folder.path, 'accounts')),
        env: bareEnvironment({ ROOT_ACCESS_KEY: this.accessKey, ROOT_SECRET_KEY: this.secretKey }),
      }),
      ready: async (signal) => {
        await waitFor(async () => this.#isHealthy(signal), {
          what: `${this.endpoint}${HEALTH_PATH} to answer 200`,
          timeoutMs: READY_TIMEOUT_MS,
          intervalMs: 10,
          signal,
        });
      },
    });
    this.files = files(this);
  }

  /** For AgentSettings.env. */
  get environment(): Record<string, string> {
    return awsEnvironment(this);
  }

  /** The members of a task's params that lead to this server, or through a proxy to it. */
  params(bucket: string, endpoint = this.endpoint) {
    return { bucket, region: this.region, endpoint, forcePathStyle: true } as const;
  }

  /** A TCP fault proxy in front of the server: `proxy.url('http')` is an endpoint like this one. The caller closes it. */
  async startFaultProxy(): Promise<FaultProxy> {
    return startFaultProxy({ target: { host: HOST, port: this.#port } });
  }

  /** The same for faults of the protocol: its rule may answer `s3Error(503, 'SlowDown')`. The caller closes it. */
  async startHttpFaultProxy(rule?: HttpFaultRule): Promise<HttpFaultProxy> {
    return startHttpFaultProxy({
      target: { host: HOST, port: this.#port },
      ...(rule === undefined ? {} : { rule }),
    });
  }

  /** Starts it again after stop of the process or kill, on the same port and objects. */
  async start(): Promise<void> {
    await this.process.start();
  }

  async stop(): Promise<void> {
    this.files.close();
    await this.process.stop();
    await this.#folder.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #isHealthy(signal: AbortSignal): Promise<boolean> {
    try {
      const response = await fetch(`${this.endpoint}${HEALTH_PATH}`, {
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

function serverArgs(listen: string, region: string, objects: string, accounts: string): string[] {
  const options = ['--port', listen, '--region', region, '--health', HEALTH_PATH, '--quiet', '--keep-alive'];
  // Without a store of accounts an unknown access key gets 404; AWS answers 403 InvalidAccessKeyId.
  options.push('--iam-dir', accounts);
  return [...options, 'posix', objects];
}
