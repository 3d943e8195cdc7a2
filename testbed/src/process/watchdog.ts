// Children must not outlive a test run, even one that is ended by kill -9. A tiny shell script holds the read end of a pipe; when this process
// dies, for whatever reason, the kernel closes the pipe and the script ends every process group that was registered and not taken off.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

// POSIX sh, builtins only: it must work when the machine is short of everything. `+ pid` registers, `- pid` takes off. The start time
// (field 22 of /proc/pid/stat) is kept so that a pid that was reused meanwhile is not hit; where there is no /proc it is empty on both sides.
const SCRIPT = `
trap '' INT TERM HUP
started() { line=; { read -r line < /proc/$1/stat; } 2>/dev/null; set -- \${line##*) }; started=; [ $# -lt 20 ] || { shift 19; started=$1; }; }
entries=
while read -r op pid; do
  kept=
  for entry in $entries; do [ "\${entry%%:*}" = "$pid" ] || kept="$kept $entry"; done
  entries=$kept
  if [ "$op" = + ]; then started "$pid"; entries="$entries $pid:$started"; fi
done
for entry in $entries; do
  pid=\${entry%%:*}; started "$pid"
  [ "$entry" = "$pid:$started" ] && kill -s KILL -- "-$pid" 2>/dev/null
done
`;

class Watchdog {
  readonly #script: ChildProcess;
  readonly #pipe: Socket;

  constructor() {
    // A session of its own, so that Ctrl-C in the terminal does not end it before its time.
    this.#script = spawn('/bin/sh', ['-c', SCRIPT, 'nodetask-testbed-watchdog'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const { stdin } = this.#script;
    if (!(stdin instanceof Socket)) throw new Error('the watchdog of the testbed has no pipe: /bin/sh did not start');
    this.#pipe = stdin;
    this.#pipe.on('error', (error) => {
      throw new Error('the watchdog of the testbed is gone: children could outlive this process', { cause: error });
    });
    // It must not keep the test run alive.
    this.#script.unref();
    stdin.unref();
  }

  async register(pid: number): Promise<void> {
    await this.#send(`+ ${pid}\n`);
  }

  async release(pid: number): Promise<void> {
    await this.#send(`- ${pid}\n`);
  }

  async #send(line: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#pipe.write(line, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

let instance: Watchdog | undefined;

/** The watchdog of this process, started at the first use. */
export function watchdog(): Watchdog {
  instance ??= new Watchdog();
  return instance;
}
