import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const agentFolder = fileURLToPath(new URL('../..', import.meta.url));

/** The first code block of a language in a document. */
const block = (document: string, language: string): string => {
  const text = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'su').exec(document)?.[1];
  assert.ok(text !== undefined, `the README has no ${language} block`);
  return text;
};

test('the example of the README runs and prints what the README says', async () => {
  const readme = readFileSync(`${agentFolder}/README.md`, 'utf8');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=nodetask-source', '--input-type=module-typescript', '--eval', block(readme, 'ts')],
    { cwd: agentFolder, timeout: 30_000 },
  );
  assert.equal(stdout, block(readme, 'console'));
});
