import { apiGroup, apiVersion, kind, plural, shortName } from '../names.ts';
import { lintStructuralSchema } from './lint-structural-schema.ts';
import { nodeTaskSchema } from './node-task-schema.ts';
import { printerColumns } from './printer-columns.ts';

/**
 * The CustomResourceDefinition of NodeTask. It is not in the category `all`: `kubectl delete all --all` would stop work on nodes.
 * Throws with every fault where the schema is not one that the API server takes.
 */
export const nodeTaskCrd = () => {
  const schema = nodeTaskSchema();
  const faults = lintStructuralSchema(schema);
  if (faults.length > 0) {
    throw new Error(`the schema of ${kind} is not structural:\n${faults.join('\n')}`);
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: apiVersion,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          // For `kubectl get nodetasks --field-selector`; API servers before 1.31 leave it out.
          selectableFields: [{ jsonPath: '.spec.type' }, { jsonPath: '.status.phase' }],
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
};
