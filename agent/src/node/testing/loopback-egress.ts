import { createEgress as create, type Egress, type EgressOptions } from '../egress.ts';
import { keepToLoopback } from './loopback-only.ts';

/** The egress check as it is, in a process that can connect to nothing but loopback. Tests make theirs by this. */
export const createEgress = (options: EgressOptions): Egress => {
  keepToLoopback();
  return create(options);
};
