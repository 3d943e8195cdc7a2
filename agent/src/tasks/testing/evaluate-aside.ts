import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Far more than any call in these tests takes on a busy machine, and far less than what is exponential or quadratic takes. */
const budgetMs = 10_000;

const program = `
const { parentPort, workerData: { module, name, args } } = require('node:worker_threads');
import(module).then((exports) => {
  parentPort.postMessage('ready');
  parentPort.postMessage(exports[name](...args));
});`;

/**
 * Calls an exported function with arguments that may keep it busy for ever: it is called in a thread, which is ended when its time is up.
 * Loading the module does not count.
 * @throws Error if the call does not end in time
 */
export const evaluateAside = async (module: URL, name: string, args: readonly unknown[]): Promise<unknown> => {
  const worker = new Worker(program, { eval: true, workerData: { module: module.href, name, args } });
  const answers: unknown[] = [];
  const done = Promise.withResolvers<void>();
  worker.on('message', (message: unknown) => {
    answers.push(message);
    if (answers.length === 2) done.resolve();
  });
  worker.on('error', done.reject);
  let timer: NodeJS.Timeout | undefined;
  try {
    await once(worker, 'message');
    timer = setTimeout(() => {
      done.reject(new Error(`${name} did not answer within ${budgetMs} ms`));
    }, budgetMs);
    await done.promise;
    return answers[1];
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
};
