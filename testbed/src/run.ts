// `npm run testbed`: the testbed for developers. It stays up until Ctrl-C and then removes everything.
import { parseArgs } from 'node:util';
import { startChain } from './chain.ts';
import { startCluster } from './cluster.ts';
import { startControlPlane } from './control-plane.ts';
import { stopSignal, untilAborted } from './process/stop-signal.ts';
import { startS3 } from './s3.ts';

const HELP = `Starts real servers on loopback and stays up until Ctrl-C:
etcd, kube-apiserver and kube-controller-manager with the CRD of NodeTask, a CometBFT chain, an S3 server, an agent in the pod default/node-0
on the home of the chain's node, and the operator.

  npm run testbed -- [options]

  --control-plane-only   only etcd, kube-apiserver and kube-controller-manager, without the CRD
  --no-operator          all but the operator, to run your own
  --help
`;

const BUCKET = 'nodetask';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const { values } = parseArgs({
  options: {
    'control-plane-only': { type: 'boolean', default: false },
    'no-operator': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) print(HELP);
else await run();

async function run(): Promise<void> {
  const signal = stopSignal();
  const begin = performance.now();
  await using parts = new AsyncDisposableStack();
  if (values['control-plane-only']) {
    const controlPlane = parts.use(await startControlPlane());
    print(`export KUBECONFIG=${controlPlane.adminKubeconfig}`);
    print(`alias kubectl=${controlPlane.kubectlProgram}`);
    print(`# logs, audit log: ${controlPlane.folder}`);
  } else {
    const chain = parts.use(await startChain());
    const s3 = parts.use(await startS3({ buckets: [BUCKET] }));
    const cluster = parts.use(
      await startCluster({ namespace: 'default', ...(values['no-operator'] ? { operator: false } : {}), log: print }),
    );
    const { home, rpcUrl } = chain.validator;
    const agent = await cluster.createAgentPod('node-0', {
      home,
      nodeRPC: rpcUrl,
      env: s3.environment,
      allowHosts: [s3.host],
    });
    print(`export KUBECONFIG=${cluster.controlPlane.adminKubeconfig}`);
    print(`alias kubectl=${cluster.controlPlane.kubectlProgram}`);
    print(`# logs, audit log: ${cluster.controlPlane.folder}`);
    print(`# chain: RPC ${rpcUrl}, home ${home}`);
    print(
      `# S3: ${s3.endpoint}, region ${s3.region}, bucket ${BUCKET}, objects in ${s3.folder}; the agent has its credentials`,
    );
    print(
      `# agent of pod default/node-0: curl -H "Authorization: Bearer $(cat ${cluster.agentTokenFile})" ${agent.url}/v0/status`,
    );
    print(
      values['no-operator']
        ? `# agents' token: ${cluster.agentTokenFile}`
        : `# operator: ${cluster.operator.healthUrl}`,
    );
  }
  print(`# up after ${((performance.now() - begin) / 1_000).toFixed(1)} s; Ctrl-C stops it and removes everything`);
  await untilAborted(signal);
  print('# stopping …');
}
