// kubeconfig files: for admin, for service accounts, and pointing at a fault proxy.
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';

export interface KubeconfigContent {
  /** https://host:port */
  readonly server: string;
  /** Path of the CA's PEM file. */
  readonly caFile: string;
  /** The token itself or, read anew by clients that support it, the path of a file with it. */
  readonly token: string | { readonly file: string };
  readonly namespace?: string;
}

/** Writes the file with mode 0600 and answers its path. */
export async function writeKubeconfig(path: string, content: KubeconfigContent): Promise<string> {
  const user = typeof content.token === 'string' ? { token: content.token } : { tokenFile: content.token.file };
  const context = {
    cluster: 'testbed',
    user: 'testbed',
    ...(content.namespace === undefined ? {} : { namespace: content.namespace }),
  };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'testbed', cluster: { server: content.server, 'certificate-authority': content.caFile } }],
    users: [{ name: 'testbed', user }],
    contexts: [{ name: 'testbed', context }],
    'current-context': 'testbed',
  };
  await writeFile(path, stringify(kubeconfig), { mode: 0o600 });
  return path;
}
