import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agentEnvironment, isSetByInjection } from './agent-env.ts';
import { annotationNames, readAnnotations } from './annotations.ts';
import { podSchema } from './pod.ts';
import { settings } from './testing/node-pod.ts';

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ['volume-mounts', '', /is "": "" must be <volume>\[\/<folder>\]:<path>\[:ro\], several with commas between/],
  ['volume-mounts', 'data', /is "data": "data" must be/],
  ['volume-mounts', 'data:/sei,', /"" must be/],
  ['volume-mounts', 'data:sei', /"data:sei" must be/],
  ['volume-mounts', 'data:/', /"data:\/" must be/],
  ['volume-mounts', 'data:/a/../b', /must be/],
  ['volume-mounts', 'data:/a//b', /must be/],
  ['volume-mounts', 'data:/sei:rw', /must be/],
  ['volume-mounts', 'data/../x:/sei', /must be/],
  ['volume-mounts', 'data/:/sei', /must be/],
  ['volume-mounts', 'Data:/sei', /must be/],
  ['volume-mounts', 'data:/sei,other:/sei/', /two volumes are mounted at \/sei/],
  ['home', '/', /is "\/": must be an absolute path below \//],
  ['home', '/a:b', /must be an absolute path/],
  ['start-gate', 'True', /must be "true" or "false"/],
  ['share-process-namespace', '1', /must be "true" or "false"/],
  ['node-rpc', '127.0.0.1', /must be an http:\/\/ or https:\/\/ URL of a host, for instance/],
  ['node-rpc', 'http://user@host', /must be an http:\/\/ or https:\/\/ URL of a host, for instance/],
  ['agent-port', '80', /must be a port from 1024 to 65535/],
  ['probe-port', '80', /must be a port from 1024 to 65535/],
  ['agent-port', '0x1e61', /must be a port from 1024 to 65535/],
  ['run-as-user', 'root', /must be the number of a user from 0 to 2147483647/],
  ['run-as-group', '-1', /must be the number of a group from 0 to 2147483647/],
  ['agent-env', 'AWS_REGION=x', /must be JSON, for instance \{"AWS_REGION":"eu-central-1"\}/],
  ['agent-env', '[]', /must be an object of texts, for instance/],
  ['agent-env', '{"A":1}', /: A must be a text/],
  ['agent-env', '{"A-B":"1"}', /: A-B must be a name of letters, digits and "_"/],
  ['agent-env', '{"POD_NAME":"x"}', /: POD_NAME is set by the injection: take it out/],
  ['agent-resources', '{', /must be JSON, for instance \{"requests"/],
  ['agent-resources', '[]', /must be an object with requests, limits or both/],
  ['agent-resources', '{"request":{}}', /Unrecognized key: "request"/],
  ['agent-resources', '{"limits":{"gpu":"1"}}', /: limits Unrecognized key: "gpu"/],
  ['agent-resources', '{"limits":{"memory":"1 GB"}}', /: limits\.memory must be a quantity, for instance/],
];
for (const [key, text, message] of wrong) {
  test(`nodetask.dev/${key}: ${JSON.stringify(text)} is refused with what is right`, () => {
    const read = readAnnotations({ 'nodetask.dev/volume-mounts': 'data:/sei', [`nodetask.dev/${key}`]: text });
    assert.ok('faults' in read);
    assert.equal(read.faults.length, 1, read.faults.join('\n'));
    const [fault = ''] = read.faults;
    assert.ok(fault.startsWith(`nodetask.dev/${key} is ${JSON.stringify(text)}: `), fault);
    assert.match(fault, message);
  });
}

test('an annotation of ours that there is not is refused with those that there are, others are not ours', () => {
  const read = readAnnotations({
    'nodetask.dev/volume-mounts': 'data:/sei',
    'nodetask.dev/injected': '0.9.0',
    'nodetask.dev/startgate': 'true',
    'example.org/start-gate': 'true',
  });
  assert.ok('faults' in read);
  assert.deepEqual(read.faults, [
    `NodeTask has no annotation "nodetask.dev/startgate": there are ${annotationNames.join(', ')}`,
  ]);
});

test('text of a pod cannot break out of a message', () => {
  const read = readAnnotations({ 'nodetask.dev/volume-mounts': 'a\u001B[31m\n"b"' });
  assert.ok('faults' in read);
  assert.doesNotMatch(read.faults.join(''), /\p{Cc}/u);
});

test('each variable that an agent gets by itself is closed to the annotation', () => {
  const annotations = { 'volume-mounts': 'data:/sei', 'agent-port': '8777', 'node-rpc': 'http://localhost:1' };
  const read = readAnnotations(
    Object.fromEntries(Object.entries(annotations).map(([key, text]) => [`nodetask.dev/${key}`, text])),
  );
  assert.ok('wishes' in read);
  const pod = podSchema.parse({ metadata: {}, spec: { terminationGracePeriodSeconds: 10 } });
  const names = agentEnvironment(pod, read.wishes, settings).map(({ name }) => name);
  assert.equal(names.length, 12);
  assert.deepEqual(
    names.filter((name) => !isSetByInjection(name)),
    [],
  );
});
