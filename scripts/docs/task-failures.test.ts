import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { taskFailures } from '../../shared/src/docs/task-failures.ts';
import type { ErrorCode } from '../../shared/src/error-codes.ts';
import { type TaskType, taskTypes } from '../../shared/src/task-type.ts';
import { root } from '../steps.ts';
import { codesIn, loadedBy } from './codes-in-sources.ts';

const agent = join(root, 'agent', 'src');

/** What handlers are given rather than import, and where it comes from. */
const given = { rpc: 'node/rpc-client.ts', egress: 'node/egress.ts' } as const;

/** Names in the options that createHandlers gives to the handler of a type. */
const optionsOf = (type: TaskType): readonly string[] => {
  const handlers = readFileSync(join(agent, 'tasks', 'handlers.ts'), 'utf8');
  const [, options] = new RegExp(`'${type}': \\w+\\(([^)]*)\\)`).exec(handlers) ?? [];
  assert.ok(options !== undefined, `handlers.ts has no handler of ${type}`);
  return options.match(/\w+/g) ?? [];
};

const atSubmit = 'refused at submit, by the same check: the NodeTask is Rejected';
const perHost = 'told for each host in the output; the task goes on with the others';
const whetherItRuns = 'an answer to the question whether the node runs: node-running, or nothing';
const anyNode = 'the genesis is then judged as that of any node';
const unused = 'of a function that this task does not call';

/** Codes that stand in what a handler loads, and that no task of the type ends with. */
const never: Readonly<Record<TaskType, Partial<Record<ErrorCode, string>>>> = {
  'snapshot-upload': {
    'invalid-params': atSubmit,
    'object-missing': 'what is missing is uploaded',
    'rpc-invalid': unused,
    'source-invalid': unused,
  },
  'snapshot-restore': {
    'invalid-params': atSubmit,
    'rpc-unreachable': whetherItRuns,
    'rpc-refused': whetherItRuns,
    'rpc-method-missing': whetherItRuns,
    'rpc-invalid': whetherItRuns,
    'source-invalid': whetherItRuns,
  },
  'discover-peers': {
    'invalid-params': atSubmit,
    'egress-refused': perHost,
    'source-unreachable': perHost,
    'rpc-unreachable': perHost,
    'rpc-refused': perHost,
    'rpc-method-missing': perHost,
    'rpc-invalid': perHost,
  },
  'config-patch': {},
  'config-apply': { 'invalid-params': atSubmit, 'rpc-invalid': unused, 'source-invalid': unused },
  'config-validate': {
    'invalid-params': unused,
    'override-invalid': unused,
    'rpc-invalid': unused,
    'source-invalid': unused,
  },
  'config-reload': { 'invalid-params': unused },
  'mark-ready': {},
  'configure-genesis': { 'invalid-params': atSubmit, 'dialect-mismatch': anyNode, 'dialect-unknown': anyNode },
  'configure-state-sync': {
    'egress-refused': perHost,
    'source-invalid': perHost,
    'rpc-unreachable': perHost,
    'rpc-refused': perHost,
    'rpc-method-missing': perHost,
    'rpc-invalid': perHost,
  },
  'result-export': {
    'invalid-params': atSubmit,
    'object-missing': 'nothing is read from the store',
    'file-missing': unused,
  },
};

for (const type of taskTypes) {
  test(`${type}: the codes that it is said to fail with are those of its sources`, () => {
    const options = optionsOf(type);
    const modules = [
      ...loadedBy(join(agent, 'tasks', type, `${type}.ts`)),
      ...Object.entries(given)
        .filter(([name]) => options.includes(name))
        .flatMap(([, module]) => [...loadedBy(join(agent, module))]),
    ];
    assert.deepEqual([...codesIn(modules)].toSorted(), [...taskFailures[type], ...Object.keys(never[type])].toSorted());
  });
}
