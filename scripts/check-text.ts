import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './steps.ts';

/** What no committed file may hold: it would tell of the machine that it was made on. */
const forbidden: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  // /root/.ethereum/chaindata is the default of a Sei setting, on every machine.
  {
    what: 'a path of a machine',
    pattern: /\/(?:home|Users)\/[a-z]|\/root\/\.(?!ethereum\/chaindata")|\/work\/(?:main|shared)/,
  },
  { what: 'the address that a package was fetched from', pattern: /"resolved": "https?:/ },
];

const checked = /\.(?:ts|mjs|cjs|json|yaml|yml|md|toml|mod|sum|sh|lua)$|^\.ci\/run$/;

/** Fails where a committed or new file holds what belongs to one machine only. */
export const checkText = async (): Promise<void> => {
  const { stdout } = await promisify(execFile)(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '-z'],
    {
      cwd: root,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  const faults: string[] = [];
  for (const file of stdout.split('\0').filter((name) => checked.test(name) && name !== 'scripts/check-text.ts')) {
    const lines = (await readFile(join(root, file), 'utf8')).split('\n');
    for (const { what, pattern } of forbidden) {
      const line = lines.findIndex((text) => pattern.test(text));
      if (line >= 0)
        faults.push(`${file}:${String(line + 1)} holds ${what}: ${lines[line]?.trim().slice(0, 120) ?? ''}`);
    }
  }
  if (faults.length > 0) throw new Error(`✘ ${faults.join('\n✘ ')}`);
};
