import type { TaskRef } from '@nodetask/shared';
import type { NodeTasks, OwnedTask, Standing } from '../../../src/engine/node-tasks.ts';

/** NodeTasks about which the test answers: nobody, until it says something. */
export class TestNodeTasks implements NodeTasks {
  /** Ids of the tasks that were asked about. */
  readonly asked: string[] = [];
  readonly #fresh = new Set<string>();
  #answer: Standing | undefined;
  #waiting: ((standing: Standing) => void)[] = [];

  /** Answers what waits for it, and from now on everything. */
  answer(standing: Standing): void {
    this.#answer = standing;
    for (const answer of this.#waiting.splice(0)) answer(standing);
  }

  /** From now on nobody is answered. */
  hang(): void {
    this.#answer = undefined;
  }

  /** The API server has just spoken of it. */
  refresh({ uid }: TaskRef): void {
    this.#fresh.add(uid);
  }

  /** That was long ago. */
  expire(): void {
    this.#fresh.clear();
  }

  isFresh({ uid }: TaskRef): boolean {
    return this.#fresh.has(uid);
  }

  async ask(task: OwnedTask): Promise<Standing> {
    this.asked.push(task.id);
    const standing = this.#answer ?? (await new Promise<Standing>((resolve) => this.#waiting.push(resolve)));
    if (standing.kind === 'wanted') this.refresh(task.ref);
    return standing;
  }
}
