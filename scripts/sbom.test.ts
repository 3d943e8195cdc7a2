import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Version } from '@cyclonedx/cyclonedx-library/Spec';
import { JsonStrictValidator } from '@cyclonedx/cyclonedx-library/Validation';
import { bundle } from './bundle.ts';
import { readSbom, type Sbom, sbomOfProgram, sbomWithNode } from './sbom.ts';

const programs = ['agent', 'operator'] as const;
const folder = mkdtempSync(join(tmpdir(), 'nodetask-sbom-'));
const folderOf = (program: string): string => join(folder, program);

before(async () => {
  for (const program of programs) await bundle(program, folderOf(program));
});
after(() => {
  rmSync(folder, { recursive: true });
});

const nameOf = ({ group, name, version = '' }: Sbom['components'][number]): string =>
  `${group === undefined ? '' : `${group}/`}${name} ${version}`;

for (const program of programs) {
  test(`the bill of materials of the ${program} lists the packages that its licences are of`, async () => {
    const { components } = await readSbom(folderOf(program));
    const licences = readFileSync(join(folderOf(program), 'LICENCES.txt'), 'utf8');
    const licensed = [...licences.matchAll(/^(?:-{80}\n\n)?(\S+ \d\S*): /gm)].map((match) => match[1] ?? '');
    assert.ok(licensed.length > 10);
    assert.deepEqual(
      components
        .map(nameOf)
        .filter((name) => !name.startsWith('@nodetask/'))
        .toSorted(),
      licensed.toSorted(),
    );
  });

  test(`the bill of materials of the ${program} is valid, also with Node.js, and names no path and no time`, async () => {
    const sbom = await readSbom(folderOf(program));
    assert.equal(nameOf(sbom.metadata.component), `@nodetask/${program} 0.1.0`);
    const whole = sbomWithNode(sbom, '26.10.0');
    assert.equal(await new JsonStrictValidator(Version.v1dot6).validate(JSON.stringify(whole)), null);
    assert.deepEqual(whole.components.at(-1)?.purl, 'pkg:generic/node@26.10.0');
    const text = JSON.stringify(sbom);
    assert.doesNotMatch(text, /"timestamp"|"serialNumber"/);
    assert.ok(!text.includes(folder));
    assert.ok(!text.includes(process.cwd()));
    // Each reference leads somewhere.
    const refs = new Set([sbom.metadata.component, ...sbom.components].map((component) => component['bom-ref']));
    for (const { ref, dependsOn = [] } of sbom.dependencies)
      for (const each of [ref, ...dependsOn]) assert.ok(refs.has(each), each);
  });
}

test('a bill of materials that is of something else is an error', async () => {
  const sbom = await readSbom(folderOf('agent'));
  assert.throws(() => sbomOfProgram({ ...sbom, components: [] }, 'agent'), /lists no @nodetask\/agent/);
});
