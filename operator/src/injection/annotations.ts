import { agentPort, rpcUrl } from '@nodetask/shared';
import * as z from 'zod';
import { boundedText, shortList } from '../bounded-text.ts';
import { absolutePath, agentMounts } from './agent-mount.ts';
import { isSetByInjection } from './agent-env.ts';
import { resourcesSchema } from './resources.ts';

/** The annotations of a pod by which its agent is configured; their texts are read here, and nowhere else. docs/injection.md */

const prefix = 'nodetask.dev/';

/** Annotation that a pod has once the agent was injected: the version of who did it. */
export const injectedAnnotation = `${prefix}injected`;

const flag = z.enum(['true', 'false'], { error: 'must be "true" or "false"' }).transform((text) => text === 'true');

const wholeNumber = (least: number, most: number, what: string) =>
  z
    .string()
    .refine((text) => /^\d{1,10}$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: `must be ${what} from ${String(least)} to ${String(most)}`,
    })
    .transform(Number);

const json = <Schema extends z.ZodType>(schema: Schema, example: string) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: `must be JSON, for instance ${example}` });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** Of one pod, that are told; what comes in has no bound but that of the request. */
const maxFaults = 10;

/** The most that Kubernetes takes for a user or a group. */
const maxID = 2_147_483_647;

const environment = z
  .record(z.string(), z.string({ error: 'must be a text' }).max(16_384), {
    error: 'must be an object of texts, for instance {"AWS_REGION":"eu-central-1"}',
  })
  .superRefine((variables, context) => {
    for (const name of Object.keys(variables)) {
      const fault = faultOfVariable(name);
      if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: fault });
    }
  });

const faultOfVariable = (name: string): string | undefined => {
  if (isSetByInjection(name)) return 'is set by the injection: take it out';
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? undefined : 'must be a name of letters, digits and "_"';
};

const schema = z.object({
  'volume-mounts': agentMounts,
  home: absolutePath.default('/sei'),
  'start-gate': flag.default(false),
  'node-rpc': z
    .string()
    .max(1024)
    .overwrite(rpcUrl)
    .regex(
      /^https?:\/\/[^\s/?#@]+\/?$/,
      'must be an http:// or https:// URL of a host, for instance http://127.0.0.1:26657, or host:port',
    )
    .optional(),
  // The agent has no right to listen below 1024.
  'agent-port': wholeNumber(1024, 65_535, 'a port').default(agentPort),
  // Absent: the one after agent-port.
  'probe-port': wholeNumber(1024, 65_535, 'a port').optional(),
  'agent-env': json(environment, '{"AWS_REGION":"eu-central-1"}').default({}),
  'agent-resources': json(resourcesSchema, '{"requests":{"cpu":"100m","memory":"256Mi"}}').optional(),
  'run-as-user': wholeNumber(0, maxID, 'the number of a user').optional(),
  'run-as-group': wholeNumber(0, maxID, 'the number of a group').optional(),
  'share-process-namespace': flag.default(false),
});

/** What a pod's annotations ask for, checked, with defaults filled in. */
export type Wishes = z.output<typeof schema>;

/** By full name. */
export const annotationNames: readonly string[] = Object.keys(schema.shape).map((key) => `${prefix}${key}`);

/** Reads the annotations of a pod; each fault says which annotation it is, what it says, and what it should. */
export const readAnnotations = (
  annotations: Readonly<Record<string, string>>,
): { readonly wishes: Wishes } | { readonly faults: readonly string[] } => {
  const own = Object.keys(annotations).filter((name) => name.startsWith(prefix));
  const unknown = own.filter((name) => name !== injectedAnnotation && !annotationNames.includes(name));
  const texts = Object.fromEntries(own.map((name) => [name.slice(prefix.length), annotations[name]]));
  const parsed = schema.safeParse(texts);
  const faults = [
    // A misspelt start gate that nobody tells of would start a node on an empty home.
    ...(unknown.length === 0
      ? []
      : [`NodeTask has no annotation ${shortList(unknown.map(shown))}: there are ${annotationNames.join(', ')}`]),
    ...(parsed.success ? [] : parsed.error.issues.slice(0, maxFaults).map((issue) => describe(issue, texts))),
  ];
  return parsed.success && faults.length === 0 ? { wishes: parsed.data } : { faults };
};

const describe = ({ path, message }: z.core.$ZodIssue, texts: Readonly<Record<string, string | undefined>>): string => {
  const [key = '', ...rest] = path.map(String);
  const text = texts[key];
  const where = rest.length === 0 ? '' : `${rest.join('.')} `;
  return `${prefix}${key} is ${text === undefined ? 'missing' : shown(text)}: ${where}${message}`;
};

/** Text of a pod, fit for a message. */
const shown = (text: string): string => JSON.stringify(boundedText(text, 200));
