import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { waitForObject } from '../src/kube/wait-for-object.ts';
import { projectPath } from '../src/paths.ts';
import { startRealNode } from '../src/real-node/real-node.ts';
import type { CommandResult } from '../src/process/run-command.ts';
import type { RealNode } from '../src/real-node/real-node.ts';
import { waitFor } from '../src/wait.ts';
import { builtImage } from './support/images.ts';

/** What the other tests of this folder take for granted: a pod of a real node, and what it reaches. */

interface PodObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

let node: RealNode;

before(async () => {
  node = await startRealNode();
  await node.loadImage(builtImage('agent'));
  const manifest = await readFile(projectPath('testbed', 'e2e', 'manifests', 'agent-pod.yaml'), 'utf8');
  await node.controlPlane.admin.applyYaml(manifest);
});
after(async () => {
  await node.stop();
});

/** Runs a script in the pod. */
const inPod = async (script: string): Promise<CommandResult> =>
  node.controlPlane.kubectl(['exec', 'agent', '--', 'node', '-e', script]);

/** The script prints the right thing, if not at once: what is new in the cluster takes a second to be known on the node. */
const untilPrinted = async (script: string, text: string): Promise<void> => {
  let last = '';
  await waitFor(
    async () => {
      const { stdout, stderr } = await inPod(script);
      last = stdout + stderr;
      return stdout.trim() === text;
    },
    { what: `${script} to print ${text}`, timeoutMs: 30_000, detail: () => last },
  );
};

test(
  'a pod of the image of the agent starts, and answers its probe through the kubelet',
  { timeout: 180_000 },
  async () => {
    await waitForObject<PodObject>(
      node.controlPlane.admin,
      '/api/v1/namespaces/default/pods/agent',
      (pod) => pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
      { what: 'the pod to be Ready', timeoutMs: 120_000 },
    );
    const { stdout } = await node.controlPlane.kubectl(['logs', 'agent']);
    assert.match(stdout, /"message":"listening"/);
  },
);

test(
  'a pod finds Services by name, and reaches itself and the API server through them',
  { timeout: 120_000 },
  async () => {
    const livez =
      'fetch("http://agent.default.svc.cluster.local:7777/v0/livez").then((answer) => console.log(answer.status))';
    await untilPrinted(livez, '200');
    const look =
      'require("node:dns").promises.lookup("kubernetes.default").then(({ address }) => console.log(address))';
    await untilPrinted(look, '10.0.0.1');
    const api = `const ca = require("node:fs").readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
      require("node:https").get("https://kubernetes.default/livez", { ca }, (answer) => {
        answer.resume();
        console.log(answer.statusCode);
      });`;
    await untilPrinted(api, '200');
  },
);

test('what takes more memory than the limit of its container is killed', { timeout: 120_000 }, async () => {
  const greedy = 'const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1));';
  const { code, stderr } = await inPod(greedy);
  assert.equal(code, 137, stderr);
  await untilPrinted('console.log("alive")', 'alive');
});
