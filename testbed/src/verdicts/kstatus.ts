// What Flux and Helm 4 think of objects: the library that both use, in a program of its own (testbed/go/kstatus).
import { z } from 'zod';
import type { KubeObject } from '../kube/kube-client.ts';
import { mustRun } from '../process/run-command.ts';
import { findProgram } from '../programs/find-program.ts';
import type { Verdict } from './verdict.ts';

const Line = z.object({
  status: z.enum(['InProgress', 'Failed', 'Current', 'Terminating', 'NotFound', 'Unknown']),
  message: z.string(),
});

/** One of a Flux Kustomization's healthCheckExprs: https://fluxcd.io/flux/components/kustomize/kustomizations/#health-check-expressions */
export interface HealthCheckExpressions {
  readonly current: string;
  readonly failed?: string;
  readonly inProgress?: string;
}

/** The verdict of each object, in their order; by Flux's expressions where given. One run of the program, however many there are. */
export async function kstatus(
  objects: readonly KubeObject[],
  expressions?: HealthCheckExpressions,
): Promise<readonly Verdict[]> {
  const program = await findProgram('kstatus');
  const args = expressions === undefined ? [] : [JSON.stringify(expressions)];
  const { stdout } = await mustRun(program, args, {
    input: objects.map((object) => `${JSON.stringify(object)}\n`).join(''),
  });
  const verdicts = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => Line.parse(JSON.parse(line)));
  if (verdicts.length !== objects.length)
    throw new Error(`kstatus judged ${verdicts.length} of ${objects.length} objects`);
  return verdicts;
}
