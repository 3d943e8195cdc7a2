import { readFile, stat } from 'node:fs/promises';
import type { ScaleCluster } from './scale-cluster.ts';

const writing = /"verb":"(?:create|update|patch|delete)"/;
/** Everybody but the benchmark itself. */
const byAccount = /"username":"system:serviceaccount:/;

/** Writes of operator and agents that the API server has answered since a moment, by its audit log. */
export class RequestCount {
  readonly #file: string;
  readonly #from: number;

  private constructor(file: string, from: number) {
    this.#file = file;
    this.#from = from;
  }

  static async start({ controlPlane }: ScaleCluster): Promise<RequestCount> {
    const { size } = await stat(controlPlane.auditLogFile);
    return new RequestCount(controlPlane.auditLogFile, size);
  }

  async read(): Promise<{ readonly writes: number; readonly events: number }> {
    const log = await readFile(this.#file);
    const lines = log
      .subarray(this.#from)
      .toString('utf8')
      .split('\n')
      .filter((line) => writing.test(line) && byAccount.test(line));
    return {
      writes: lines.filter((line) => line.includes('"resource":"nodetasks"')).length,
      events: lines.filter((line) => line.includes('"resource":"events"')).length,
    };
  }
}
