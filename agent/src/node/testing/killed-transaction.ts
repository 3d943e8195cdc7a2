// Replaces app.toml and config.toml in the folder argv[2], and kills itself with SIGKILL after step number argv[3].
import { writeSync } from 'node:fs';
import { replaceFiles } from '../file-transaction.ts';

const [folder = '', steps = ''] = process.argv.slice(2);
let left = Number(steps);

await replaceFiles(
  folder,
  [
    { name: 'app.toml', content: 'new app' },
    { name: 'config.toml', content: 'new config' },
  ],
  {
    afterStep: (step) => {
      writeSync(1, `${step}\n`);
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
    },
  },
);
