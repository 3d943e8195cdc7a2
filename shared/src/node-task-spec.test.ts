import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { maxParamsBytes } from './names.ts';
import { nodeTaskSpecSchema } from './node-task-spec.ts';

const least = { type: 'mark-ready', target: { podName: 'sei-rpc-0' } };

describe('the spec of a NodeTask', () => {
  it('has its defaults filled in', () => {
    assert.deepEqual(
      nodeTaskSpecSchema.parse({ ...least, type: 'result-export', async: { daemon: {} }, retry: {}, strategy: {} }),
      {
        type: 'result-export',
        target: { podName: 'sei-rpc-0', waitSeconds: 300 },
        async: { daemon: { restartPolicy: 'OnFailure' } },
        retry: { limit: 0, backoffSeconds: 10, maxBackoffSeconds: 300 },
        strategy: { maxParallel: 1, order: 'Name', failureThreshold: 0, onFailure: 'Stop' },
        suspend: false,
        cancel: false,
      },
    );
  });

  it('leaves absent what has no default', () => {
    assert.deepEqual(Object.keys(nodeTaskSpecSchema.parse(least)).toSorted(), ['cancel', 'suspend', 'target', 'type']);
  });

  for (const more of [
    { target: { selector: { matchLabels: { app: 'sei-rpc' } }, waitSeconds: 1 } },
    { target: { selector: { matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: ['a'] }] } } },
    { target: { selector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist', values: [] }] } } },
    { target: { selector: { matchLabels: { [`${'p'.repeat(253)}/${'n'.repeat(63)}`]: '' } } } },
    { strategy: { maxParallel: '100%', failureThreshold: '0%' } },
    { strategy: { maxParallel: 256, failureThreshold: 0 } },
    { async: { schedule: { cron: '@Daily', timeZone: 'America/Argentina/Buenos_Aires' } } },
    { async: { schedule: { cron: ' 0  3 ? * MON-FRI ', startingDeadlineSeconds: 1 } } },
    { async: { schedule: { blockHeight: Number.MAX_SAFE_INTEGER } } },
    { dependsOn: ['a', 'b.c'], runID: '2', ttlSecondsAfterFinished: 0, timeoutSeconds: 1, suspend: true, cancel: true },
  ]) {
    it(`accepts ${JSON.stringify(more)}`, () => {
      assert.equal(nodeTaskSpecSchema.safeParse({ ...least, ...more }).error, undefined);
    });
  }

  for (const [more, message] of [
    [{ type: 'snapshot-delete' }, /type/],
    [{ target: {} }, /give exactly one of podName and selector/],
    [{ target: { podName: 'a', selector: { matchLabels: { a: 'b' } } } }, /give exactly one of podName and selector/],
    [{ target: { podName: 'A' } }, /must be the name of a pod/],
    [{ target: { selector: {} } }, /an empty selector would match every pod/],
    [{ target: { selector: { matchLabels: {}, matchExpressions: [] } } }, /an empty selector would match every pod/],
    [{ target: { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } }, /In and NotIn need values/],
    [
      { target: { selector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } } },
      /In and NotIn need values/,
    ],
    [{ target: { selector: { matchLabels: { 'bad key!': 'b' } } } }, /each key of matchLabels must be a label key/],
    [{ target: { selector: { matchLabels: { 'a..b/c': 'b' } } } }, /each key of matchLabels must be a label key/],
    [
      { target: { selector: { matchLabels: { ['n'.repeat(64)]: 'b' } } } },
      /each key of matchLabels must be a label key/,
    ],
    [
      { target: { selector: { matchLabels: { [`${'p'.repeat(254)}/c`]: 'b' } } } },
      /each key of matchLabels must be a label key/,
    ],
    [{ target: { selector: { matchLabels: { a: 'not valid!' } } } }, /must be a label value/],
    [{ target: { selector: { matchLabels: { a: 'b,c=d' } } } }, /must be a label value/],
    [
      { target: { selector: { matchExpressions: [{ key: `${'p'.repeat(254)}/c`, operator: 'Exists' }] } } },
      /the prefix of a label key has at most 253 characters/,
    ],
    [{ target: { podName: 'a', waitSeconds: 0 } }, /waitSeconds/],
    [{ async: { daemon: {} } }, /async\.daemon goes with result-export only/],
    [{ async: { schedule: { cron: '3 * * *' } } }, /must be five fields/],
    [{ async: { schedule: { cron: '@daily', timeZone: 'Central European Time' } } }, /must be an IANA time zone/],
    [{ async: { schedule: { cron: '@daily', suspend: true } } }, /suspend/],
    [{ strategy: { maxParallel: 0 } }, /maxParallel/],
    [{ strategy: { maxParallel: '0%' } }, /from 1% to 100%/],
    [{ strategy: { failureThreshold: '101%' } }, /from 0% to 100%/],
    [{ dependsOn: ['a', 'a'] }, /names each NodeTask once/],
    [{ runID: 'run 2' }, /must be letters, digits/],
    [{ timeoutSeconds: 0 }, /timeoutSeconds/],
    [{ params: { files: 'x'.repeat(maxParamsBytes) } }, /params take at most 32 KiB/],
    [{ schedule: '@daily' }, /schedule/],
  ] as const) {
    it(`refuses ${JSON.stringify(more).slice(0, 200)}`, () => {
      assert.match(nodeTaskSpecSchema.safeParse({ ...least, ...more }).error?.message ?? 'accepted', message);
    });
  }
});
