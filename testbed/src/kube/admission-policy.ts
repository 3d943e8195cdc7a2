// The chart's ValidatingAdmissionPolicy without helm, which would cost every test cluster its start: the template has two values and no other logic.
import { readFile } from 'node:fs/promises';
import { projectPath } from '../paths.ts';

/** Whom the policy exempts: the operator's service account. */
export interface OperatorAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The manifests of charts/nodetask/templates/admission-policy.yaml as `helm template` renders them with the policy enabled. */
export async function admissionPolicyManifests({ namespace, serviceAccount }: OperatorAccount): Promise<string> {
  const template = await readFile(projectPath('charts', 'nodetask', 'templates', 'admission-policy.yaml'), 'utf8');
  const yaml = template
    .replaceAll(/^\{\{-? (?:if .*|end) -?\}\}\n/gm, '')
    .replaceAll('{{ .Release.Namespace }}', namespace)
    .replaceAll('{{ include "nodetask.serviceAccountName" . }}', serviceAccount);
  const [unknown] = /\{\{.*?\}\}/.exec(yaml) ?? [];
  if (unknown !== undefined) {
    throw new Error(
      `charts/nodetask/templates/admission-policy.yaml has ${unknown}, which admission-policy.ts does not put in: add it there`,
    );
  }
  return yaml;
}
