// What Argo CD thinks of an object, and does with it: its health check and its actions in Lua, run as Argo CD runs them.
// https://argo-cd.readthedocs.io/en/stable/operator-manual/health/ and …/resource_actions/
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import * as z from 'zod';
import type { KubeObject } from '../kube/kube-client.ts';
import { runLua } from './lua.ts';
import type { Verdict } from './verdict.ts';

/** The health of the object by the Lua program `healthCheck`. Throws where the program fails or answers something else than a health. */
export function argoCdHealth(healthCheck: string, object: KubeObject): Verdict {
  // Decided before any health check is asked: https://github.com/argoproj/argo-cd gitops-engine/pkg/health/health.go
  if (object.metadata.deletionTimestamp !== undefined) return { status: 'Progressing', message: 'Pending deletion' };
  const answer = runLua(healthCheck, object, 'the health check');
  if (typeof answer !== 'object') throw new Error('the health check returned no table');
  return { status: text(answer, 'status'), message: text(answer, 'message') };
}

/** The value of `resource.customizations.actions.<group>_<kind>`. */
const Customization = z.strictObject({
  'discovery.lua': z.string(),
  definitions: z.array(z.strictObject({ name: z.string(), 'action.lua': z.string() })),
});

const Discovered = z.record(
  z.string(),
  z.strictObject({ disabled: z.boolean(), iconClass: z.string(), displayName: z.string() }),
);

/** The actions that Argo CD offers for the object, of those that `customization` (YAML) has. */
export function argoCdActions(customization: string, object: KubeObject): string[] {
  const { definitions, 'discovery.lua': discovery } = Customization.parse(parse(customization));
  const found = Discovered.parse(runLua(discovery, object, 'the discovery'));
  const unknown = Object.keys(found).filter((name) => !definitions.some((definition) => definition.name === name));
  if (unknown.length > 0) throw new Error(`the discovery names actions that are not defined: ${unknown.join(', ')}`);
  return Object.keys(found)
    .filter((name) => found[name]?.disabled === false)
    .toSorted();
}

/**
 * The JSON merge patch that Argo CD sends for an action. Throws where the action changes anything but spec: the rest is the operator's, the
 * agents' and Git's.
 */
export function argoCdActionPatch(customization: string, action: string, object: KubeObject): object {
  const definition = Customization.parse(parse(customization)).definitions.find(({ name }) => name === action);
  if (definition === undefined) throw new Error(`there is no action ${action}`);
  const changed = runLua(definition['action.lua'], object, `the action ${action}`);
  const patch = mergePatch(object, changed);
  const others = Object.keys(patch).filter((key) => key !== 'spec');
  if (others.length > 0) throw new Error(`the action ${action} changes ${others.join(', ')}`);
  return patch;
}

/** RFC 7386, from one JSON value to another. An empty table of Lua is an array: as Argo CD, it is taken for the empty object that was there. */
function mergePatch(before: object, after: unknown): Record<string, unknown> {
  const [old, now] = [before, after] as Record<string, unknown>[];
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])) {
    // Lua has no null: what is null is not there.
    const [one, other] = [old?.[key] ?? undefined, now?.[key]];
    if (isDeepStrictEqual(plain(one), plain(other))) continue;
    if (!isObject(one) || !isObject(other)) patch[key] = other ?? null;
    else {
      const inner = mergePatch(one, other);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    }
  }
  return patch;
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An empty object as an empty array, at any depth: Lua cannot tell them apart. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, member]) => [key, plain(member)] as const);
  if (entries.length === 0) return [];
  return Array.isArray(value) ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}

function text(table: object | null, name: string): string {
  const value = (table as Record<string, unknown> | null)?.[name];
  if (typeof value !== 'string') throw new Error(`the health check returned no text as "${name}"`);
  return value;
}
