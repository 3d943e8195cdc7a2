import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskID, uuidV5 } from './task-id.ts';

const dnsNamespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const nodeTaskUID = '0c5ab1a5-7e0a-4d83-9d70-2f6d9ac64fd4';

test('uuidV5 agrees with the published vectors', () => {
  // RFC 9562, A.4, and the vector of Python's uuid documentation.
  assert.equal(uuidV5(dnsNamespace, 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  assert.equal(uuidV5(dnsNamespace, 'python.org'), '886313e1-3b8a-5372-9b90-0c9aee199e5d');
});

test('uuidV5 refuses a namespace that is no UUID', () => {
  assert.throws(() => uuidV5('not-a-uuid', 'x'), /must be a UUID, not "not-a-uuid"/);
});

test('the id of an attempt is the UUIDv5 of [runID, pod, attempt] in the namespace of the UID', () => {
  const name = { nodeTaskUID, runID: '2', pod: 'sei-rpc-0', attempt: 1 };
  assert.equal(taskID(name), uuidV5(nodeTaskUID, '["2","sei-rpc-0",1]'));
  assert.equal(taskID({ ...name, runID: undefined }), uuidV5(nodeTaskUID, '["","sei-rpc-0",1]'));
});

test('another NodeTask, run, pod or attempt has another id', () => {
  const name = { nodeTaskUID, runID: undefined, pod: 'sei-rpc-0', attempt: 1 };
  const ids = [
    taskID(name),
    taskID({ ...name, nodeTaskUID: dnsNamespace }),
    taskID({ ...name, runID: '2' }),
    taskID({ ...name, pod: 'sei-rpc-1' }),
    taskID({ ...name, attempt: 2 }),
  ];
  assert.equal(new Set(ids).size, ids.length);
});
