/** A rule of a Role or ClusterRole. https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-v1/ */
export interface RbacRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** The least right that can be given: one verb on one resource, or on one object where the rule names some. */
export interface Right {
  readonly apiGroup: string;
  /** With its subresource. */
  readonly resource: string;
  readonly name?: string;
  readonly verb: string;
}

/** The rights that a rule gives. Throws for one with a wildcard or a URL: it gives more than can be counted. */
export const rightsOf = ({
  apiGroups = [],
  resources = [],
  resourceNames,
  nonResourceURLs,
  verbs,
}: RbacRule): Right[] => {
  const named = [...apiGroups, ...resources, ...verbs];
  if (nonResourceURLs !== undefined || named.includes('*'))
    throw new Error(
      `a rule with a wildcard or a URL: ${JSON.stringify({ apiGroups, resources, nonResourceURLs, verbs })}`,
    );
  const names: readonly (string | undefined)[] = resourceNames ?? [undefined];
  return apiGroups.flatMap((apiGroup) =>
    resources.flatMap((resource) =>
      names.flatMap((name) =>
        verbs.map((verb) => ({ apiGroup, resource, verb, ...(name === undefined ? {} : { name }) })),
      ),
    ),
  );
};

/** Whether the right allows a request. A right to named objects allows none without a name, as create and most lists are. */
export const allows = (
  right: Right,
  request: { readonly apiGroup?: string; readonly resource?: string; readonly verb: string; readonly name?: string },
): boolean =>
  right.apiGroup === request.apiGroup &&
  right.resource === request.resource &&
  right.verb === request.verb &&
  (right.name === undefined || right.name === request.name);

export const showRight = ({ apiGroup, resource, name, verb }: Right): string =>
  `${verb} ${resource}${apiGroup === '' ? '' : `.${apiGroup}`}${name === undefined ? '' : ` "${name}"`}`;
