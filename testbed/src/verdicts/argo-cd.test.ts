import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../kube/kube-client.ts';
import { argoCdActionPatch, argoCdActions, argoCdHealth } from './argo-cd.ts';

const object: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', generation: 3 },
  status: { list: ['x', 'y'], none: null, ratio: 0.5, on: true },
};

const run = (program: string, on = object): string => {
  const { status, message } = argoCdHealth(program, on);
  return `${status}: ${message}`;
};

test('the object is there as Argo CD hands it over', () => {
  const program = `
    local s = obj.status
    local same = s.list[1] == "x" and #s.list == 2 and s.none == nil and s.ratio == 0.5 and s.on and obj.metadata.generation == 3
    return { status = same and "Healthy" or "Degraded", message = obj.metadata.name }`;
  assert.equal(run(program), 'Healthy: a');
});

test('it has no library but those of Argo CD', () => {
  const program = 'return { status = "Unknown", message = type(string) .. type(io) .. type(os) .. type(table.insert) }';
  assert.equal(run(program), 'Unknown: nilnilnilfunction');
  const os = 'local os = require("os") return { status = type(os.execute), message = os.date("!%Y%m%dT%H%M%SZ") }';
  assert.match(run(os), /^nil: 20\d{6}T\d{6}Z$/);
  assert.throws(() => run('require("string")'), /module not found/);
});

test('an object that is being deleted is Progressing whatever the health check says', () => {
  const deleted = { ...object, metadata: { ...object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  assert.equal(run('return { status = "Healthy", message = "" }', deleted), 'Progressing: Pending deletion');
});

test('a health check that fails or answers nonsense is an error', () => {
  assert.throws(() => run('return obj.nothing.there'), /the health check failed: .*nothing/);
  assert.throws(() => run('return {'), /the health check failed: /);
  assert.throws(() => run('return "Healthy"'), /returned no table/);
  assert.throws(() => run('return { status = "Healthy" }'), /no text as "message"/);
});

const customization = `
discovery.lua: |
  return {
    grow = { disabled = obj.spec.size > 3, iconClass = "a", displayName = "Grow" },
    reset = { disabled = false, iconClass = "b", displayName = "Reset" },
  }
definitions:
  - name: grow
    action.lua: |
      obj.spec.size = obj.spec.size + 1
      return obj
  - name: reset
    action.lua: |
      obj.spec.size = nil
      return obj
  - name: wrong
    action.lua: |
      obj.status.list = nil
      return obj
`;
const managedFields = [{ manager: 'm', fieldsV1: { 'f:spec': { 'f:size': {} }, 'f:metadata': {} } }];
const sized = {
  ...object,
  metadata: { ...object.metadata, managedFields },
  spec: { size: 3, parts: {}, names: ['x'] },
};

test('the actions that are offered are those that the discovery does not disable', () => {
  assert.deepEqual(argoCdActions(customization, sized), ['grow', 'reset']);
  assert.deepEqual(argoCdActions(customization, { ...sized, spec: { size: 4 } }), ['reset']);
  const unknown = customization.replaceAll('reset =', 'rename =');
  assert.throws(() => argoCdActions(unknown, sized), /not defined: rename/);
});

test('an action is a patch of what it changes in spec, and of nothing else', () => {
  assert.deepEqual(argoCdActionPatch(customization, 'grow', sized), { spec: { size: 4 } });
  assert.deepEqual(argoCdActionPatch(customization, 'reset', sized), { spec: { size: null } });
  assert.throws(() => argoCdActionPatch(customization, 'wrong', sized), /changes status/);
  assert.throws(() => argoCdActionPatch(customization, 'shrink', sized), /no action shrink/);
});
