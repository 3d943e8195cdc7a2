// From an object to its URL path. https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris

/** The members of an APIResource that matter here. */
export interface ApiResource {
  /** Plural, lower case: "pods". */
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

export function resourcePath(
  apiVersion: string,
  resource: ApiResource,
  { name, namespace }: { readonly name?: string; readonly namespace?: string },
): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? 'default')}` : '';
  return `${root}${scope}/${resource.name}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}
