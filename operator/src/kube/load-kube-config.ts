import { access as canAccess, readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import type * as ClientNode from '@kubernetes/client-node';
import { withoutTrailing } from '@nodetask/runtime/foreign-text';
import type { ClusterAccess, Credentials, TlsMaterial } from './cluster-access.ts';

export interface LoadKubeConfigOptions {
  /** Path of a kubeconfig file, or several as in the variable KUBECONFIG. Default: the pod's own service account, else ~/.kube/config. */
  readonly kubeconfig?: string;
}

/** Where a pod finds its service account. */
const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A kubeconfig as read, with what client-node overlooks in it. */
interface LoadedConfig {
  readonly config: ClientNode.KubeConfig;
  /** Token files by user name: client-node knows the key only as `token-file`, kubectl writes `tokenFile`. */
  readonly tokenFiles: ReadonlyMap<string, string>;
}

/**
 * Finds out where the API server is. kubeconfig files, exec plugins and OIDC are client-node's; files with tokens and certificates
 * are read here, because client-node reads them with blocking calls, and a token once.
 * @throws Error that names the file and what is wrong with it.
 */
export const loadKubeConfig = async (options: LoadKubeConfigOptions = {}): Promise<ClusterAccess> => {
  // It takes 0.7 s to load: only when needed, and not by everything that imports this file.
  const clientNode = await import('@kubernetes/client-node');
  const load = await chooseSource(clientNode, options.kubeconfig);
  let loaded = await load();
  const cluster = currentCluster(loaded.config);
  const namespace = loaded.config.getContextObject(loaded.config.getCurrentContext())?.namespace;
  return {
    server: withoutTrailing(cluster.server, '/'),
    ...(namespace !== undefined && namespace !== '' && { namespace }),
    readCredentials: async (fresh) => {
      // Anew from the file: what an exec plugin answered is remembered inside of client-node, and the file may have a new token.
      if (fresh) loaded = await load();
      return readCredentials(loaded);
    },
  };
};

type Load = () => Promise<LoadedConfig>;

const chooseSource = async (clientNode: typeof ClientNode, kubeconfig: string | undefined): Promise<Load> => {
  if (kubeconfig !== undefined) {
    const files = kubeconfig.split(delimiter).filter((file) => file !== '');
    return async () => loadFiles(clientNode, files);
  }
  if (await exists(serviceAccountToken)) {
    return () => {
      const config = new clientNode.KubeConfig();
      config.loadFromCluster();
      return Promise.resolve({ config, tokenFiles: new Map() });
    };
  }
  const userConfig = join(homedir(), '.kube', 'config');
  if (await exists(userConfig)) return async () => loadFiles(clientNode, [userConfig]);
  throw new Error(
    `no cluster to connect to: no kubeconfig was given, ${serviceAccountToken} does not exist (not in a pod?), and neither does ${userConfig}`,
  );
};

const loadFiles = async (clientNode: typeof ClientNode, files: readonly string[]): Promise<LoadedConfig> => {
  const config = new clientNode.KubeConfig();
  const tokenFiles = new Map<string, string>();
  for (const file of files) {
    try {
      const text = await readFile(file, 'utf8');
      const part = new clientNode.KubeConfig();
      part.loadFromString(text);
      const folder = dirname(resolve(file));
      part.makePathsAbsolute(folder);
      placePlugins(part.users, folder);
      for (const [user, tokenFile] of findTokenFiles(clientNode.loadYaml(text))) {
        tokenFiles.set(user, resolve(folder, tokenFile));
      }
      // As kubectl does: the first file that names a current context wins.
      config.mergeConfig(part, (config.getCurrentContext() ?? '') !== '');
    } catch (cause) {
      throw new Error(`kubeconfig ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  return { config, tokenFiles };
};

/** As kubectl does: a command with a separator in it is a path, from the folder of the kubeconfig; one without is looked for in PATH. */
const placePlugins = (users: readonly ClientNode.User[], folder: string): void => {
  for (const user of users) {
    const exec = user.exec as { command?: unknown } | null | undefined;
    if (typeof exec?.command === 'string' && exec.command.includes(sep)) exec.command = resolve(folder, exec.command);
  }
};

const findTokenFiles = (kubeconfig: unknown): [user: string, tokenFile: string][] => {
  const { users = [] } = kubeconfig as { users?: { name: string; user?: { tokenFile?: unknown } }[] };
  return users.flatMap(({ name, user }) => (typeof user?.tokenFile === 'string' ? [[name, user.tokenFile]] : []));
};

const currentCluster = (config: ClientNode.KubeConfig): ClientNode.Cluster => {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `kubeconfig: the current context ${JSON.stringify(config.getCurrentContext() ?? '')} names no cluster; set current-context`,
    );
  }
  if (cluster.proxyUrl !== undefined) {
    throw new Error(
      `kubeconfig: cluster ${cluster.name}: proxy-url ${cluster.proxyUrl} is not supported; connect without a proxy`,
    );
  }
  return cluster;
};

const readCredentials = async ({ config, tokenFiles }: LoadedConfig): Promise<Credentials> => {
  const cluster = currentCluster(config);
  const user = config.getCurrentUser();
  const plugin = await askPlugin(config, user);
  const tokenFile = user === null ? undefined : (tokenFiles.get(user.name) ?? inClusterTokenFile(user));
  const token = tokenFile === undefined ? user?.token : (await readFile(tokenFile, 'utf8')).trim();
  const ca = await pem(cluster.caFile, cluster.caData);
  const cert = plugin.cert ?? (await pem(user?.certFile, user?.certData));
  const key = plugin.key ?? (await pem(user?.keyFile, user?.keyData));
  const tls: TlsMaterial = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(cluster.tlsServerName !== undefined && { serverName: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
  };
  const authorization = authorizationHeader(token, user) ?? plugin.authorization;
  return {
    tls,
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(user?.impersonateUser != null && { 'impersonate-user': user.impersonateUser }),
    },
  };
};

interface PluginAnswer {
  readonly authorization?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Lets client-node run the user's exec or OIDC plugin, if there is one. */
const askPlugin = async (config: ClientNode.KubeConfig, user: ClientNode.User | null): Promise<PluginAnswer> => {
  if (user === null || inClusterTokenFile(user) !== undefined) return {};
  if (user.exec == null && user.authProvider == null) return {};
  const options: RequestOptions & { readonly headers: Record<string, string> } = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const authorization = options.headers['Authorization'];
  return {
    ...(authorization !== undefined && { authorization }),
    ...(typeof options.cert === 'string' && { cert: options.cert }),
    ...(typeof options.key === 'string' && { key: options.key }),
  };
};

/** What client-node's loadFromCluster calls the pod's token file. */
const inClusterTokenFile = (user: ClientNode.User): string | undefined => {
  const provider = user.authProvider as { config?: { tokenFile?: unknown } } | null | undefined;
  const tokenFile = provider?.config?.tokenFile;
  return typeof tokenFile === 'string' ? tokenFile : undefined;
};

const authorizationHeader = (token: string | undefined, user: ClientNode.User | null): string | undefined => {
  if (token !== undefined && token !== '') return `Bearer ${token.trim()}`;
  if (user?.username == null) return undefined;
  return `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
};

/** A PEM text from a file or from base64 in the kubeconfig. */
const pem = async (file: string | null | undefined, data: string | null | undefined): Promise<string | undefined> => {
  if (file != null) return readFile(file, 'utf8');
  return data == null ? undefined : Buffer.from(data, 'base64').toString('utf8');
};

const exists = async (file: string): Promise<boolean> => {
  try {
    await canAccess(file);
    return true;
  } catch {
    // Not there, or not ours to read: either way not the source.
    return false;
  }
};
