import type { ControlPlane } from '@nodetask/testbed';

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly verbs: readonly string[] }[];
}

interface ObjectList {
  readonly items: readonly { readonly metadata: { readonly name: string; readonly namespace?: string } }[];
}

/** What comes and goes by itself: reports on what happened, and what follows from other objects at once. */
const passing: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'APIService', 'IPAddress']);

/** Everything that an API server holds: `<kind> [<namespace>/]<name>`, each once, sorted. */
export const inventory = async ({ admin }: ControlPlane): Promise<readonly string[]> => {
  const { groups } = await admin.request<{
    readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  }>({
    method: 'GET',
    path: '/apis',
  });
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found = await Promise.all(
    roots.map(async (root) => {
      const { resources } = await admin.request<ResourceList>({ method: 'GET', path: root });
      const listable = resources.filter(({ kind, verbs }) => verbs.includes('list') && !passing.has(kind));
      return Promise.all(
        listable.map(async ({ name, kind }) => {
          const { items } = await admin.request<ObjectList>({ method: 'GET', path: `${root}/${name}` });
          return items.map(({ metadata }) =>
            metadata.namespace === undefined
              ? `${kind} ${metadata.name}`
              : `${kind} ${metadata.namespace}/${metadata.name}`,
          );
        }),
      );
    }),
  );
  return [...new Set(found.flat(2))].toSorted();
};
