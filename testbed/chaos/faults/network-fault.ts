// Faults of the network between two programs, by the proxy between them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../src/fault-proxy.ts';
import type { FaultMode } from '../../src/net/fault-mode.ts';
import type { FaultKind } from './fault-plan.ts';

/** Slower than any call takes, quicker than any time-out. */
const slow: FaultMode = { kind: 'delay', toServerMs: 150, toClientMs: 150 };

/** Resolves when the line is well again. */
export const breakNetwork = async (
  proxy: FaultProxy,
  kind: Exclude<FaultKind, 'kill'>,
  forMs: number,
): Promise<void> => {
  switch (kind) {
    case 'reset':
      proxy.resetConnections();
      return;
    case 'stall':
      await during(proxy, { kind: 'stall' }, forMs);
      return;
    case 'delay':
      await during(proxy, slow, forMs);
      return;
    case 'refuse':
      await proxy.setMode({ kind: 'refuse' });
      proxy.resetConnections();
      await sleep(forMs);
      await proxy.setMode({ kind: 'pass' });
      return;
    default:
      kind satisfies never;
  }
};

const during = async (proxy: FaultProxy, mode: FaultMode, forMs: number): Promise<void> => {
  await proxy.setMode(mode);
  await sleep(forMs);
  await proxy.setMode({ kind: 'pass' });
};
