/** What defaults of the registry depend on. */
export interface HostFacts {
  readonly hostname: string;
  /** Processors that the node may use. */
  readonly cpus: number;
}

/** The value of an expression such as `@hostname`, `@clamp(2*cpus,10,128)` or `@min(64,2*cpus)`. */
export const evaluateHostDefault = (expression: string, host: HostFacts): string | bigint => {
  if (expression === '@hostname') return host.hostname === '' ? 'anonymous' : host.hostname;
  const [, name = '', list = ''] = /^@(clamp|min)\(([^()]+)\)$/.exec(expression) ?? [];
  const terms = list.split(',').map((term) => evaluateTerm(term, host));
  const [first, second, third] = terms;
  if (name === 'min' && terms.length === 2) return BigInt(Math.min(...terms));
  if (name === 'clamp' && first !== undefined && second !== undefined && third !== undefined) {
    return BigInt(Math.max(second, Math.min(third, first)));
  }
  throw new Error(
    `the config registry has the default ${JSON.stringify(expression)}, which is no expression that this agent knows`,
  );
};

const evaluateTerm = (term: string, host: HostFacts): number => {
  const [, factor = '', number = ''] = /^\s*(?:(\d+)\*cpus|(\d+))\s*$/.exec(term) ?? [];
  return factor === '' ? Number(number) : Number(factor) * Math.max(1, Math.floor(host.cpus));
};
