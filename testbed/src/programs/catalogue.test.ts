import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { projectPath } from '../paths.ts';
import { PROGRAMS } from './catalogue.ts';

for (const program of Object.values(PROGRAMS)) {
  test(`${program.name}: its go.mod pins the version of the catalogue and names the program`, async () => {
    const goMod = await readFile(projectPath('testbed', 'go', program.module, program.modFile ?? 'go.mod'), 'utf8');
    if (program.ownSources === true) {
      assert.match(goMod, new RegExp(`^module ${program.goPackage}$`, 'm'));
      if (program.library === undefined) assert.doesNotMatch(goMod, /^require/m);
      else assert.match(goMod, new RegExp(`^(?:require |\\t)${program.library} ${program.version}$`, 'm'));
      return;
    }
    const tools = [...goMod.matchAll(/^(?:tool|\t)\s*([\w./-]+)$/gm)].map((match) => match[1]);
    assert.ok(tools.includes(program.goPackage), `${program.goPackage} is not among ${tools.join(', ')}`);
    const requirements = [...goMod.matchAll(/^(?:require|\t)\s*(\S+) (v\S+)/gm)];
    const owner = requirements.find(([, module = '']) => program.goPackage.startsWith(module));
    assert.equal(owner?.[2], program.version);
  });
}
