import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { type AuditedRequest, readAuditSummaries } from '@nodetask/testbed';
import { parseAllDocuments } from 'yaml';
import { allows, type RbacRule, type Right, rightsOf, showRight } from '../src/rbac.ts';

/**
 * Least privilege, both ways: what operator and agents asked of the API servers of a whole test run is what the chart lets them do, and they used
 * all of it. `npm test` runs this behind the tests and says where their control planes left what was asked (the last argument).
 */

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly RbacRule[];
}

interface Named {
  /** `<kind> <name>` */
  readonly role: string;
  readonly right: Right;
}

const operator = 'system:serviceaccount:nodetask-system:nodetask-operator';
/** Of the testbed's pods; the chart binds what users say. */
const agent = /^system:serviceaccount:(?<namespace>[\w-]+):nodetask-agent$/;

/** What every service account may do anyway: discovery, asking who it is. */
const granted = /^RBAC: allowed by ClusterRoleBinding "system:/;

const folder = process.argv.at(-1) ?? '';
let requests: readonly AuditedRequest[] = [];

before(async () => {
  requests = await readAuditSummaries(folder);
});

const rightsIn = async (file: string): Promise<readonly Named[]> => {
  const text = await readFile(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Role)
    .flatMap(({ kind, metadata, rules = [] }) =>
      rules.flatMap(rightsOf).map((right) => ({ role: `${kind} ${metadata.name}`, right })),
    );
};

const show = ({ user, verb, resource, apiGroup, namespace, name, path, reason }: AuditedRequest): string =>
  `${user}: ${verb} ${path ?? `${resource ?? ''}.${apiGroup ?? ''}`} ${name ?? ''} in ${namespace ?? 'no namespace'}; ${reason}`;

const check = async (file: string, asked: readonly AuditedRequest[]): Promise<void> => {
  const rights = await rightsIn(file);
  assert.ok(rights.length > 0 && asked.length > 0, `${rights.length} rights, ${asked.length} requests in ${folder}`);
  const missing = asked.filter((request) => !rights.some(({ right }) => allows(right, request)));
  assert.deepEqual(missing.map(show), [], 'asked for, and not in the chart');
  const unused = rights.filter(({ right }) => !asked.some((request) => allows(right, request)));
  assert.deepEqual(
    unused.map(({ role, right }) => `${role}: ${showRight(right)}`),
    [],
    'in the chart, and never asked for',
  );
};

describe('the rights of the chart are those that are used', () => {
  test('by the operator', async () => {
    const asked = requests.filter(({ user, reason }) => user === operator && !granted.test(reason));
    await check('rbac-operator.yaml', asked);
  });

  test('by agents, each in its own namespace', async () => {
    const asked = requests.filter(({ user, reason }) => agent.test(user) && !granted.test(reason));
    await check('rbac-agents.yaml', asked);
    const elsewhere = asked.filter(({ user, namespace }) => agent.exec(user)?.groups?.namespace !== namespace);
    assert.deepEqual(elsewhere.map(show), []);
  });

  test('and nothing else allowed any of it', () => {
    const asked = requests.filter(
      ({ user, allowed, reason }) => allowed && (user === operator || agent.test(user)) && !granted.test(reason),
    );
    const others = asked.filter(
      ({ reason }) => !/^(?:RBAC: allowed by \w+ "nodetask-[\w-]+(?:\/[\w-]+)?"|$)/.test(reason),
    );
    assert.deepEqual(others.map(show), []);
  });
});
