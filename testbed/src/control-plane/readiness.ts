// When the control plane counts as up.
import { readFile } from 'node:fs/promises';
import { KubeClient } from '../kube/kube-client.ts';
import { errorCode } from '../process/process-identity.ts';
import { waitFor } from '../wait.ts';

const READY_TIMEOUT_MS = 60_000;

/** Waits until the API server answers /readyz with 200. It makes its certificate, which is its own CA, at the first start. */
export async function untilApiServerReady(
  server: string,
  caFile: string,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  let last = 'no answer yet';
  await waitFor(
    async () => {
      const ca = await readIfPresent(caFile);
      if (ca === undefined) return false;
      using client = new KubeClient({ server, ca, token, timeoutMs: 5_000 });
      try {
        const { status, body } = await client.raw({ method: 'GET', path: '/readyz', signal });
        last = `HTTP ${status} ${failedChecks(body)}`;
        return status === 200;
      } catch (error) {
        signal.throwIfAborted();
        last = error instanceof Error ? error.message : String(error);
        return false;
      }
    },
    { what: `${server}/readyz to answer 200`, timeoutMs: READY_TIMEOUT_MS, signal, detail: () => last },
  );
}

/** Of the list of checks that a server answers which is not ready. */
const failedChecks = (answer: unknown): string =>
  String(answer)
    .split('\n')
    .filter((line) => line.startsWith('[-]'))
    .join(', ')
    .slice(0, 500);

/** Pods are refused in a namespace until its `default` service account exists. */
export async function untilDefaultAccount(
  server: string,
  caFile: string,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  using client = new KubeClient({ server, token, ca: await readFile(caFile, 'utf8') });
  await waitFor(async () => client.get('/api/v1/namespaces/default/serviceaccounts/default'), {
    what: 'kube-controller-manager to make the service account default/default',
    timeoutMs: READY_TIMEOUT_MS,
    signal,
  });
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
