// The network of a node, in a network namespace of its own: one end of a pair of virtual interfaces has the address of the node, and the
// default route leads to nobody.
import { networkInterfaces } from 'node:os';
import { mustRun } from '../process/run-command.ts';

/** Of TEST-NET-1, which nobody uses. https://www.rfc-editor.org/rfc/rfc5737 */
export const NODE_ADDRESS = '192.0.2.10';
const GATEWAY = '192.0.2.1';
export const POD_SUBNET = '10.1.0.0/24';

/** Throws if this network namespace has interfaces already: then it is not of its own. */
export async function setUpNetwork(ip: string): Promise<void> {
  const found = Object.keys(networkInterfaces());
  if (found.length > 0)
    throw new Error(
      `a real node runs in a network namespace of its own, and this one has ${found.join(', ')}: start it by npm run e2e`,
    );
  const commands = [
    'link set lo up',
    'link add node type veth peer name world',
    `address add ${NODE_ADDRESS}/24 dev node`,
    'link set node up',
    'link set world up',
    `route add default via ${GATEWAY} dev node`,
  ];
  for (const command of commands) await mustRun(ip, command.split(' '));
}
