import * as z from 'zod';

/** A volume of the pod that the agent is to see. */
export interface AgentMount {
  readonly volume: string;
  /** Absolute, without a slash at its end. */
  readonly path: string;
  /** A folder of the volume in place of all of it. */
  readonly subPath?: string;
  readonly readOnly: boolean;
}

const form =
  'must be <volume>[/<folder>]:<path>[:ro], several with commas between, for instance "data:/sei,other:/x:ro"';

/** An absolute path below the root, without what Kubernetes refuses in one (":", "..") and what would make two texts of one path. */
export const absolutePath = z
  .string()
  .max(1024)
  .transform((text) => text.replace(/\/$/, ''))
  .refine((text) => /^(?:\/[^/:\p{Cc}]+)+$/u.test(text) && !hasDots(text), {
    error: 'must be an absolute path below /, without ":" and "..", for instance /sei',
  });

const hasDots = (path: string): boolean => path.split('/').some((part) => part === '.' || part === '..');

/** The text of the annotation: `data:/sei,other/sub/folder:/x:ro`. */
export const agentMounts = z
  .string({ error: form })
  .max(4096)
  .transform((text, context): readonly AgentMount[] => {
    const fault = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const mounts: AgentMount[] = [];
    for (const item of text.split(',').map((part) => part.trim())) {
      const mount = parseMount(item);
      if (mount === undefined) return fault(`${JSON.stringify(item)} ${form}`);
      if (mounts.some(({ path }) => path === mount.path)) return fault(`two volumes are mounted at ${mount.path}`);
      mounts.push(mount);
    }
    return mounts;
  });

const parseMount = (item: string): AgentMount | undefined => {
  const match =
    /^(?<volume>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)(?:\/(?<subPath>[^:]+))?:(?<path>[^:]+)(?<mode>:ro)?$/u.exec(item);
  const { volume, subPath, path, mode } = match?.groups ?? {};
  const target = absolutePath.safeParse(path);
  if (volume === undefined || !target.success) return undefined;
  if (subPath !== undefined && !isFolderOf(subPath)) return undefined;
  return { volume, path: target.data, ...(subPath === undefined ? {} : { subPath }), readOnly: mode !== undefined };
};

const isFolderOf = (subPath: string): boolean =>
  absolutePath.safeParse(`/${subPath}`).success && !subPath.endsWith('/');

/** Whether `path` is `folder` or lies in it. */
export const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
