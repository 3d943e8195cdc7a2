// The chart's ValidatingAdmissionPolicy without helm, which would cost every test cluster its start.
import { readFile } from 'node:fs/promises';
import { projectPath } from '../paths.ts';

/** Whom the policy exempts: the operator's service account. */
export interface OperatorAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** As deploy/ has it. */
const exempt = 'system:serviceaccount:nodetask-system:nodetask-operator';

/** The manifests of deploy/admission-policy.yaml, with another account that is exempt. */
export async function admissionPolicyManifests({ namespace, serviceAccount }: OperatorAccount): Promise<string> {
  const manifests = await readFile(projectPath('deploy', 'admission-policy.yaml'), 'utf8');
  if (!manifests.includes(`'${exempt}'`)) throw new Error(`deploy/admission-policy.yaml does not exempt ${exempt}`);
  return manifests.replace(exempt, `system:serviceaccount:${namespace}:${serviceAccount}`);
}
