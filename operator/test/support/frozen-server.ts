import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const listen = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  process.stdout.write(String(this.address().port));
});`;

/** A port of a process that stands still: the kernel takes the first connections for it, and lets the ones after wait. */
export class FrozenServer implements AsyncDisposable {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #sockets: Socket[] = [];

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(): Promise<FrozenServer> {
    const process = spawn(globalThis.process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(process.stdout, 'data')) as [Buffer];
    process.kill('SIGSTOP');
    return new FrozenServer(process, Number(said.toString()));
  }

  /** Has the kernel take no further connection: what a firewall does that drops packets. */
  async fill(): Promise<void> {
    for (;;) {
      const socket = connect(this.port, '127.0.0.1').on('error', () => undefined);
      this.#sockets.push(socket);
      const taken = await Promise.race([
        once(socket, 'connect').then(() => true),
        // The kernel of this machine answers at once, or never.
        once(AbortSignal.timeout(500), 'abort').then(() => false),
      ]);
      if (!taken) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#process.kill('SIGKILL');
    await once(this.#process, 'close');
  }
}
