import assert from 'node:assert/strict';
import type { ErrorCode, TaskType } from '@nodetask/shared';

/**
 * What an engine with two handlers must do, written as simply as can be: `config-validate` holds the lock `config` and fails when
 * interrupted, `mark-ready` holds none and runs again. Schedules fire every `everyMinutes`.
 */

const minuteMs = 60_000;
const resetAfterMs = 10 * minuteMs;
const maxPauseMs = 5 * minuteMs;
const maxCrashes = 2;
const healthyMs = 10 * minuteMs;

export interface ModelTask {
  readonly id: string;
  readonly type: TaskType;
  readonly kind: 'one-shot' | 'schedule' | 'daemon';
  readonly everyMinutes: number;
  status: 'running' | 'completed' | 'failed';
  run: number;
  active: boolean;
  errorCode: ErrorCode | undefined;
  nextRunAt: number | undefined;
  crashes: number;
  startedAt: number;
  pauseMs: number;
  restartAt: number | undefined;
}

export class EngineModel {
  now: number;
  ready = false;
  readonly tasks = new Map<string, ModelTask>();
  readonly gone = new Set<string>();
  /** Every start of a handler that must have happened: `id run`. */
  readonly starts: string[] = [];

  constructor(now: number) {
    this.now = now;
  }

  /** What submit refuses with, or undefined. */
  refusal(
    id: string,
    type: TaskType,
    kind: ModelTask['kind'],
    everyMinutes: number,
    rerun: boolean,
  ): ErrorCode | undefined {
    const task = this.tasks.get(id);
    if (task === undefined) {
      if (this.gone.has(id)) return 'gone';
      return kind === 'one-shot' && this.#blocked(type, true) ? 'busy' : undefined;
    }
    if (task.type !== type || task.kind !== kind) return 'conflict';
    if (kind === 'schedule' && task.status === 'running' && task.everyMinutes !== everyMinutes) {
      return 'schedule-conflict';
    }
    if (!rerun) return undefined;
    if (task.status !== 'failed') return 'run-mismatch';
    return this.#blocked(type, true) ? 'busy' : undefined;
  }

  submit(id: string, type: TaskType, kind: ModelTask['kind'], everyMinutes: number, rerun: boolean): void {
    if (this.refusal(id, type, kind, everyMinutes, rerun) !== undefined) return;
    const known = this.tasks.get(id);
    if (known !== undefined && !rerun) return;
    const task: ModelTask = known ?? {
      id,
      type,
      kind,
      everyMinutes,
      status: 'running',
      run: 0,
      active: false,
      errorCode: undefined,
      nextRunAt: undefined,
      crashes: 0,
      startedAt: this.now,
      pauseMs: 1000,
      restartAt: undefined,
    };
    this.tasks.set(id, task);
    task.crashes = 0;
    if (kind === 'schedule') task.nextRunAt = this.#next(task);
    else this.#start(task, 1);
  }

  remove(id: string): boolean {
    this.gone.add(id);
    const existed = this.tasks.delete(id);
    this.evaluate();
    return existed;
  }

  end(task: ModelTask, failure: ErrorCode | undefined): void {
    task.active = false;
    task.errorCode = failure;
    switch (task.kind) {
      case 'one-shot':
        task.status = failure === undefined ? 'completed' : 'failed';
        break;
      case 'daemon':
        task.errorCode = failure ?? 'daemon-exited';
        if (this.now - task.startedAt >= resetAfterMs) task.pauseMs = 1000;
        task.restartAt = this.now + task.pauseMs;
        task.pauseMs = Math.min(task.pauseMs * 2, maxPauseMs);
        break;
      case 'schedule':
        break;
      default:
        task.kind satisfies never;
    }
    if (failure === undefined && task.type === 'mark-ready') this.ready = true;
    this.evaluate();
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.tasks.values()].flatMap(({ restartAt, nextRunAt }) => [restartAt, nextRunAt]);
      const next = Math.min(...due.filter((at): at is number => at !== undefined && at > this.now), Infinity);
      if (next > end) break;
      this.now = next;
      this.#restartDaemons();
      this.evaluate();
    }
    this.now = end;
  }

  /** The agent crashes and starts again. A daemon is to blame only where nothing else ran. */
  restart(): void {
    const othersRan = [...this.tasks.values()].some(({ kind, active }) => kind !== 'daemon' && active);
    for (const task of this.tasks.values()) {
      if (task.kind === 'daemon') this.#restartDaemon(task, othersRan);
      else if (task.active) this.#resume(task);
    }
    this.evaluate();
  }

  /** Starts schedules that are due, the first submitted first. */
  evaluate(): void {
    for (const task of this.tasks.values()) {
      if (task.kind !== 'schedule' || task.active || task.nextRunAt === undefined || task.nextRunAt > this.now)
        continue;
      if (this.#blocked(task.type, false)) continue;
      task.crashes = 0;
      this.#start(task, 1);
      task.nextRunAt = this.#next(task);
    }
  }

  get active(): readonly string[] {
    return [...this.tasks.values()].filter(({ active }) => active).map(({ id, run }) => `${id} ${run}`);
  }

  get oneShotRuns(): boolean {
    return [...this.tasks.values()].some(({ kind, active }) => kind === 'one-shot' && active);
  }

  #blocked(type: TaskType, oneShot: boolean): boolean {
    const holders = [...this.tasks.values()].filter(({ active, kind }) => active && kind !== 'daemon');
    const locked = type === 'config-validate' && holders.some((holder) => holder.type === 'config-validate');
    return locked || (oneShot && this.oneShotRuns);
  }

  #start(task: ModelTask, more: 0 | 1): void {
    assert.ok(!task.active || more === 0, 'the model starts what runs already');
    task.active = true;
    task.run += more;
    task.startedAt = this.now;
    task.restartAt = undefined;
    task.status = 'running';
    if (task.kind !== 'schedule') task.errorCode = undefined;
    this.starts.push(`${task.id} ${task.run}`);
  }

  #restartDaemons(): void {
    for (const task of this.tasks.values()) {
      if (task.restartAt === undefined || task.restartAt > this.now) continue;
      task.crashes = 0;
      this.#start(task, 1);
    }
  }

  #restartDaemon(task: ModelTask, othersRan: boolean): void {
    if (task.status !== 'running') return;
    task.pauseMs = 1000;
    task.restartAt = undefined;
    if (!task.active || this.now - task.startedAt >= healthyMs) task.crashes = 0;
    if (task.active && !othersRan) task.crashes += 1;
    if (task.crashes >= maxCrashes) this.#fail(task, 'agent-crashed');
    else this.#start(task, task.active ? 0 : 1);
  }

  #resume(task: ModelTask): void {
    task.crashes += 1;
    if (task.crashes >= maxCrashes) this.#fail(task, 'agent-crashed');
    else if (task.type === 'config-validate') this.#fail(task, 'interrupted');
    else this.#start(task, 0);
  }

  #fail(task: ModelTask, errorCode: ErrorCode): void {
    task.active = false;
    task.errorCode = errorCode;
    if (task.kind !== 'schedule') task.status = 'failed';
  }

  #next(task: ModelTask): number {
    const every = task.everyMinutes * minuteMs;
    return (Math.floor(this.now / every) + 1) * every;
  }
}
