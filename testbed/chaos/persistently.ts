// Requests of the run itself, which must get through although the API server is killed meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeApiError } from '../src/kube/kube-client.ts';

const budgetMs = 120_000;
const pauseMs = 200;

/** Makes a request that may be repeated until the API server answers it. A refusal is thrown at once, but 403: it has no roles yet. */
export const persistently = async <T>(request: () => Promise<T>): Promise<T> => {
  const deadline = performance.now() + budgetMs;
  for (;;) {
    try {
      return await request();
    } catch (error) {
      const refused = error instanceof KubeApiError && error.status < 500 && ![403, 409, 429].includes(error.status);
      if (refused || performance.now() > deadline) throw error;
      await sleep(pauseMs);
    }
  }
};
