import { shuffled } from '../random.ts';
import type { ChaosTask } from './chaos-task.ts';
import { exporter, kinds, type Surroundings } from './kinds.ts';

export interface TaskSourceOptions extends Omit<Surroundings, 'earlier' | 'nextHeight'> {
  /** How many tasks there will be. */
  readonly count: number;
  readonly exporters: number;
  /** Height of the chain as of now. */
  readonly height: () => Promise<number>;
}

/** Makes the tasks of a run one after the other: exporters first, then the kinds in an order of chance, each at least once. */
export class TaskSource {
  readonly #options: TaskSourceOptions;
  readonly #deck: readonly string[];
  readonly #earlier = { Succeeded: [] as string[], Failed: [] as string[] };
  #number = 0;

  constructor(options: TaskSourceOptions) {
    this.#options = options;
    const { count, exporters, random } = options;
    this.#deck = deal(count - exporters, random);
  }

  async next(): Promise<ChaosTask> {
    const number = this.#number++;
    const { exporters, height } = this.#options;
    const kind = number < exporters ? 'exporter' : (this.#deck[number - exporters] ?? 'patch');
    const nextHeight = kind === 'height' ? (await height()) + 20 : 0;
    const around = { ...this.#options, nextHeight, earlier: this.#earlier };
    const draft = kind === 'exporter' ? exporter(number, around) : kinds[kind]?.make(number, around);
    if (draft === undefined) throw new Error(`there is no kind of task ${kind}`);
    const task = { name: `chaos-${number}`, kind, ...draft };
    if (task.expect === 'Succeeded' || task.expect === 'Failed') this.#earlier[task.expect].push(task.name);
    return task;
  }
}

/** So many names of kinds by their shares. */
const deal = (count: number, random: () => number): readonly string[] => {
  const names = Object.keys(kinds);
  if (count < names.length) throw new RangeError(`${count} tasks are fewer than the ${names.length} kinds`);
  const hundred = Object.entries(kinds).flatMap(([name, { share }]) => Array<string>(share).fill(name));
  const more: string[] = [];
  while (more.length < count - names.length) more.push(...shuffled(hundred, random));
  return shuffled([...names, ...more.slice(0, count - names.length)], random);
};
