import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daemonTypes, taskTypes } from '@nodetask/shared';
import { systemClock } from '@nodetask/runtime';
import { createEgress } from '../node/testing/loopback-egress.ts';
import { createHandlers } from './handlers.ts';

test('every type has a handler, and those run as daemons that the CRD says', () => {
  const handlers = createHandlers({
    home: '/sei',
    stateFolder: '/state',
    nodeRPC: 'http://127.0.0.1:26657',
    egress: createEgress({ allowHosts: [], nodeRPC: 'http://127.0.0.1:26657' }),
    clock: systemClock,
    hostname: 'node',
    cpus: 1,
  });
  assert.deepEqual(Object.keys(handlers).toSorted(), [...taskTypes].toSorted());
  const daemons = taskTypes.filter((type) => handlers[type].daemon === true);
  assert.deepEqual(daemons.toSorted(), [...daemonTypes].toSorted());
  // The others come to an end, and would be started again for ever.
  assert.deepEqual(daemons, ['result-export']);
});
