// When a CronJob fires: the parser that Kubernetes uses, in a program of its own (testbed/go/cron-judge).
import { z } from 'zod';
import { mustRun } from '../process/run-command.ts';
import { findProgram } from '../programs/find-program.ts';

export interface CronQuestion {
  readonly cron: string;
  /** An IANA name. */
  readonly timeZone: string;
  /** RFC 3339. */
  readonly after: string;
  /** How many times are wanted. */
  readonly count: number;
}

const Line = z.union([z.strictObject({ times: z.array(z.string()) }), z.strictObject({ error: z.string() })]);

/** The next times, or why there is none. */
export type CronTimes = z.output<typeof Line>;

/** The answer to each question, in their order. One run of the program, however many there are. */
export async function cronJobTimes(questions: readonly CronQuestion[]): Promise<readonly CronTimes[]> {
  const { stdout } = await mustRun(await findProgram('cron-judge'), [], {
    input: questions.map((question) => `${JSON.stringify(question)}\n`).join(''),
  });
  const answers = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => Line.parse(JSON.parse(line)));
  if (answers.length !== questions.length)
    throw new Error(`cron-judge answered ${answers.length} of ${questions.length} questions`);
  return answers;
}
