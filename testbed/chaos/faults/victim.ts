// A process that is killed and frozen, and started again whenever it has ended, as a kubelet would.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagedProcess } from '../../src/process/managed-process.ts';

/** A ProgramProcess is one, and a ManagedProcess together with itself. */
export interface Program {
  readonly process: ManagedProcess;
  start(): Promise<void>;
  kill(): Promise<unknown>;
}

/** Of a log, whose file goes with the testbed. */
const lastLine = (logFile: string): string => readFileSync(logFile, 'utf8').trimEnd().split('\n').at(-1) ?? '';

const reviveMs = 120_000;
const pauseMs = 250;

export class Victim {
  readonly name: string;
  readonly #program: Program;
  /** Called where it ended although nobody killed it. */
  readonly #onFall: (what: string) => void;
  readonly #revivals: Promise<void>[] = [];
  #isDying = false;
  #isReleased = false;

  constructor(name: string, program: Program, onFall: (what: string) => void) {
    this.name = name;
    this.#program = program;
    this.#onFall = onFall;
    this.#watch();
  }

  /** kill -9, and `forMs` later a new start. Resolves when it serves again. */
  async kill(forMs: number): Promise<void> {
    this.#isDying = true;
    await this.#program.kill();
    await sleep(forMs);
    await this.#revive();
  }

  /** SIGSTOP: it keeps its connections and answers nothing for `forMs`. */
  async stall(forMs: number): Promise<void> {
    this.#program.process.pause();
    await sleep(forMs);
    this.#program.process.resume();
  }

  /** Resolves when it serves again where it had ended by itself. */
  async settled(): Promise<void> {
    await Promise.all(this.#revivals);
  }

  /** From now on it may end, and stays so. */
  release(): void {
    this.#isDying = true;
    this.#isReleased = true;
  }

  /** Another fault may keep it from starting. */
  async #revive(): Promise<void> {
    const deadline = performance.now() + reviveMs;
    while (!this.#isReleased) {
      try {
        await this.#program.start();
        this.#isDying = this.#isReleased;
        this.#watch();
        return;
      } catch (error) {
        if (performance.now() > deadline)
          throw new Error(`${this.name} did not come back within ${reviveMs} ms`, { cause: error });
        await sleep(pauseMs);
      }
    }
  }

  #watch(): void {
    void this.#program.process.exited.then((exit) => {
      if (this.#isDying) return undefined;
      this.#onFall(`${this.name} ended by itself: ${JSON.stringify(exit)}: ${lastLine(this.#program.process.logFile)}`);
      this.#isDying = true;
      const revival = this.#revive();
      // settled() reports it.
      revival.catch(() => undefined);
      this.#revivals.push(revival);
      return undefined;
    });
  }
}
