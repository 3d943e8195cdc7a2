import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import type { ControlPlane, KubeObject } from '@nodetask/testbed';
import { parse } from 'yaml';
import { crdPath, nodeTasksPath, startCluster } from './cluster.ts';
import { type ManifestFile, readManifests } from './manifest-file.ts';

const wrong = await readManifests(new URL('manifests/wrong/', import.meta.url));

/** The first line of each file says what the API server answers. */
const expectationOf = ({ name, text }: ManifestFile): string => {
  const expected = /^# expect: (.+)$/m.exec(text)?.[1];
  assert.ok(expected, `${name}: needs a first line "# expect: <part of the server's message>"`);
  return expected;
};

/** Without the field that the API server puts in front. */
const withoutField = (expected: string): string =>
  expected.replace(/^spec[^ ]*: (Required value|Forbidden|Invalid value): ("[^"]*": )?/, '');

interface Status {
  readonly message: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string }[] };
}

/** The API server adds a cause "<nil>" where it skipped CEL because of the fault at hand. */
const countFaults = ({ message, details }: Status): number =>
  details?.causes?.filter(({ field }) => field !== '<nil>').length ?? message.match(/unknown field/g)?.length ?? 0;

interface Rule {
  readonly message: string;
  readonly messageExpression?: string;
}

/** Every CEL rule below a node of the CRD, but for status: no manifest writes that, operator/test/status-writer.test.ts does. */
const rulesBelow = (node: unknown): readonly Rule[] =>
  typeof node !== 'object' || node === null
    ? []
    : Object.entries(node)
        .filter(([key]) => key !== 'status')
        .flatMap(([key, value]) => (key === 'x-kubernetes-validations' ? (value as Rule[]) : rulesBelow(value)));

describe('wrong manifests', () => {
  let cluster: ControlPlane;
  before(async () => {
    cluster = await startCluster();
  });
  after(async () => cluster.stop());

  /** As kubectl does it: created, or laid over what is there. */
  const write = async (object: KubeObject): Promise<{ status: number; body: unknown }> => {
    const path = `${nodeTasksPath}/${object.metadata.name}`;
    const live = await cluster.admin.get(path);
    return live === undefined
      ? cluster.admin.raw({ method: 'POST', path: `${nodeTasksPath}?fieldValidation=Strict`, body: object })
      : cluster.admin.raw({
          method: 'PUT',
          path: `${path}?fieldValidation=Strict`,
          body: { ...object, metadata: live.metadata },
        });
  };

  for (const file of wrong) {
    it(`${file.name} is refused`, async () => {
      const expected = expectationOf(file);
      for (const base of file.documents.slice(0, -1)) {
        const { status, body } = await write(base);
        assert.equal(status, 201, `the base of ${file.name} is good: ${(body as Status).message}`);
      }
      const last = file.documents.at(-1);
      assert.ok(last);
      const { status, body } = await write(last);
      assert.ok(status === 422 || status === 400, `answered ${status}: ${JSON.stringify(body)}`);
      const answer = body as Status;
      assert.ok(answer.message.includes(expected), `expected "${expected}" in: ${answer.message}`);
      assert.equal(countFaults(answer), 1, `one fault in a file: ${answer.message}`);
    });
  }

  it('there are at least 40, and each message of a CEL rule is seen', async () => {
    assert.ok(wrong.length >= 40);
    const crd = parse(await readFile(crdPath, 'utf8')) as unknown;
    const expectations = wrong.map(expectationOf);
    const covered = ({ message }: Rule): boolean =>
      expectations.some((expected) => message.startsWith(withoutField(expected)));
    const uncovered = rulesBelow(crd)
      // Which type takes which param is tried for every pair in agreement.test.ts.
      .filter(({ messageExpression }) => messageExpression === undefined)
      .filter((rule) => !covered(rule));
    assert.deepEqual(uncovered, []);
  });

  it('kubectl says what to do', async () => {
    const { code, stderr } = await cluster.kubectl([
      'apply',
      '--validate=strict',
      '--dry-run=server',
      '-f',
      new URL('manifests/wrong/configure-genesis-rpc-and-region.yaml', import.meta.url).pathname,
    ]);
    assert.notEqual(code, 0);
    assert.match(stderr, /go with an s3:\/\/ uri only: remove them, or give such a uri/);
  });
});
