/**
 * The architecture as rules: who may import what. `npm run check` builds with tsc and runs this over the built files, so what
 * counts is what is loaded at run time; type-only imports are gone by then. "reachable" follows imports over any number of files.
 */
const production = { pathNot: '\\.test\\.js$|/dist/test/|/dist/scripts/' };

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'A cycle hides which of the files is the lower one.',
      severity: 'error',
      from: { pathNot: '^node_modules/' },
      to: { circular: true },
    },
    {
      name: 'shared-imports-only-zod',
      comment: 'The contracts know neither Node.js, nor Kubernetes, nor Express.',
      severity: 'error',
      from: { path: '^shared/dist/src/', ...production },
      to: { pathNot: '^shared/dist/src/|^node_modules/zod/' },
    },
    {
      name: 'agent-never-loads-client-node',
      comment: '@kubernetes/client-node takes 0.9 s and 86 MB to load; the agent needs one PATCH.',
      severity: 'error',
      from: { path: '^agent/dist/src/', ...production },
      to: { path: '^node_modules/@kubernetes/', reachable: true },
    },
    {
      name: 'agent-sends-requests-in-few-files',
      comment: 'Each of these files bounds the answers that it gets (docs/adr/0025). A new client uses one of them.',
      severity: 'error',
      from: {
        path: '^(shared|agent)/dist/src/',
        pathNot:
          '^agent/dist/src/(node/http/undici|objectstore/(s3-sdk|bounded-handler|guarded-agents)|tasks/discover-peers/ec2-sdk|report/api-server|tls/request-certificate)\\.js$|/testing/|' +
          production.pathNot,
      },
      to: { path: '^node_modules/(undici|@aws-sdk|@smithy)/|^(node:)?(http|https|http2)$' },
    },
    {
      name: 'agent-bounds-what-undici-answers',
      comment: 'http-get.ts bounds every answer; the egress check makes connections.',
      severity: 'error',
      from: { path: '^agent/dist/src/', pathNot: '^agent/dist/src/node/(http/http-get|egress)\\.js$' },
      to: { path: '^agent/dist/src/node/http/undici\\.js$' },
    },
    {
      name: 'agent-bounds-what-aws-answers',
      comment: 'Clients of the SDK read answers to their end: these two files give them a request handler with bounds.',
      severity: 'error',
      from: {
        path: '^agent/dist/src/',
        pathNot: '^agent/dist/src/(objectstore/s3-client|tasks/discover-peers/ec2-source)\\.js$',
      },
      to: { path: '^agent/dist/src/(objectstore/s3-sdk|tasks/discover-peers/ec2-sdk)\\.js$' },
    },
    {
      name: 'agent-loads-no-leveldb',
      comment: 'It is native code that reads bytes of others: only a process of its own loads it (docs/adr/0034).',
      severity: 'error',
      from: {
        path: '^agent/dist/src/',
        pathNot: `^agent/dist/src/tasks/snapshot/metadata-store/store-process\\.js$|${production.pathNot}`,
      },
      to: { path: '^node_modules/classic-level/|/store-process\\.js$' },
    },
    {
      name: 'programs-are-apart',
      comment: 'Operator and agent meet in shared/ only.',
      severity: 'error',
      from: { path: '^(operator|agent)/dist/src/', ...production },
      to: { path: '^(operator|agent|testbed)/', pathNot: '^$1/' },
    },
    {
      name: 'testbed-is-not-installed',
      comment: 'Nothing that users install may need the testbed.',
      severity: 'error',
      from: { path: '^(shared|runtime|operator|agent)/dist/src/', ...production },
      to: { path: '^testbed/' },
    },
    {
      name: 'engine-is-pure',
      comment: 'The engine is a library: no HTTP server, no client, no object store, no task of its own.',
      severity: 'error',
      from: { path: '^agent/dist/src/engine/', ...production },
      to: {
        path: '^node_modules/(express|undici|@aws-sdk|winston|prom-client)/|^agent/dist/src/(server|report|tasks|node|store|objectstore)/|^(node:)?(fs|http|https|net|sqlite|child_process)$',
      },
    },
    {
      name: 'tasks-know-no-server',
      comment: 'Handlers get everything from their context; who called is not their concern.',
      severity: 'error',
      from: { path: '^agent/dist/src/(tasks|node)/', ...production },
      to: { path: '^agent/dist/src/(server|report|store|tls)/|^node_modules/express/' },
    },
    {
      name: 'tls-knows-no-server',
      comment: 'Who the agent is and whom it trusts; who may call what is the business of the server.',
      severity: 'error',
      from: { path: '^agent/dist/src/tls/', ...production },
      to: { path: '^agent/dist/src/(server|report|store|tasks|engine)/|^node_modules/express/' },
    },
    {
      name: 'kube-knows-no-nodetask',
      comment: 'kube/ is about any resource; the controller is about NodeTasks.',
      severity: 'error',
      from: { path: '^operator/dist/src/kube/', ...production },
      to: { path: '^operator/dist/src/(controller|agents)/' },
    },
    {
      name: 'operator-reads-foreign-bytes-in-two-places',
      comment:
        'Answers of the API server and of agents are read within bounds of memory and time; a client of its own would forget them.',
      severity: 'error',
      from: {
        path: '^operator/dist/src/',
        pathNot: `^operator/dist/src/(kube/(transport|dispatchers)|agents/(agent-http|agent-connections|connect-in-stages|tls-connections))\\.js$|${production.pathNot}`,
      },
      to: { path: '^node_modules/undici/|^(node:)?http2$' },
    },
    {
      name: 'operator-serves-in-two-places',
      comment: 'node:http and node:https are for the servers, whose bodies have bounds; they are not for requests.',
      severity: 'error',
      from: {
        path: '^operator/dist/src/',
        pathNot: `^operator/dist/src/(health-server\\.js$|secure-server/)|${production.pathNot}`,
      },
      to: { path: '^(node:)?https?$' },
    },
    {
      name: 'injection-is-pure',
      comment: 'What becomes of a pod depends on the pod and the settings: a dry run is like any other call.',
      severity: 'error',
      from: { path: '^operator/dist/src/injection/', ...production },
      to: {
        path: '^operator/dist/src/(kube|controller|agents|pki|enroll)/|^(node:)?(fs|http|https|net|tls|child_process)(/|$)',
      },
    },
    {
      name: 'certificates-know-no-nodetask',
      comment: 'pki/ keeps certificates; who calls whom with them is decided elsewhere.',
      severity: 'error',
      from: { path: '^operator/dist/src/pki/', ...production },
      to: { path: '^operator/dist/src/(controller|agents|enroll|secure-server)/' },
    },
    {
      name: 'certificates-are-made-in-one-place',
      comment: 'The library takes 7 MB: it is loaded with TLS only, and what it signs is looked at in one file.',
      severity: 'error',
      from: { path: '^operator/dist/src/', pathNot: `^operator/dist/src/pki/x509/|${production.pathNot}` },
      to: { path: '^node_modules/@peculiar/' },
    },
    {
      name: 'not-to-dev-dependency',
      comment: 'What users install must not need a development tool.',
      severity: 'error',
      from: { path: '^(shared|runtime|operator|agent)/dist/src/', ...production },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'Every import must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'], exportsFields: ['exports'] },
  },
};
