// Runs the shell script of its first argument in namespaces, prints how it ended, and ends.
import { runInNamespaces } from '../src/real-node/namespaces.ts';

const [script = ''] = process.argv.slice(2);
const exit = await runInNamespaces('/bin/sh', ['-c', script], { timeoutMs: 60_000 });
process.stdout.write(`${JSON.stringify(exit)}\n`);
