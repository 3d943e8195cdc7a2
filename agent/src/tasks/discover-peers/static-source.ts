import { TaskError } from '@nodetask/shared';
import type { Egress } from '../../node/egress.ts';
import { parsePeerAddress } from '../../node/peer-address.ts';
import type { PeerSource } from './peer-source.ts';

/** Peers as the params give them, in that order. Throws TaskError `invalid-params` or `egress-refused`. */
export const staticSource = (addresses: readonly string[], field: string, egress: Egress): PeerSource => {
  const peers = addresses.map((text, index) => {
    const peer = parsePeerAddress(text);
    if (peer === undefined) throw invalid(`${field}.addresses.${index}`, text);
    egress.checkPeer(`${field}.addresses.${index}`, peer.host, peer.port);
    return peer;
  });
  return { name: 'static', find: () => Promise.resolve(peers) };
};

const invalid = (path: string, text: string): TaskError => {
  const message = `${JSON.stringify(text)} is not <node id>@<host>:<port>, with a port from 1 to 65535 and an IPv6 address in brackets`;
  return new TaskError('invalid-params', `${path}: ${message}`, {
    details: { faults: [{ path: `params.${path}`, message }] },
  });
};
