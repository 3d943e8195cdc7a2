import { compareRegistries } from './compare-registries.ts';
import { readRegistry } from './read-registry.ts';

/** Where the command writes. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/** `npm run registry:diff -- OLD.json NEW.json`. Answers with the exit code, as diff has it: 0 = the same, 1 = they differ, 2 = it cannot tell. */
export const registryDiff = async (args: readonly string[], { out, error }: Output): Promise<number> => {
  const [before, after, ...more] = args;
  if (before === undefined || after === undefined || more.length > 0) {
    error('Usage: npm run registry:diff -- OLD.json NEW.json\n');
    return 2;
  }
  try {
    const { lines, differ } = compareRegistries(await readRegistry(before), await readRegistry(after));
    out(`${lines.join('\n')}\n`);
    return differ ? 1 : 0;
  } catch (problem) {
    error(`${problem instanceof Error ? problem.message : String(problem)}\n`);
    return 2;
  }
};
