import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** Real HTTP servers on several addresses of this machine, all on one port, as the nodes of a network listen. Answers the port. */
export const startHostServers = async (
  test: TestContext,
  hosts: Readonly<Record<string, Respond>>,
): Promise<number> => {
  const servers: Server[] = [];
  test.after(async () => {
    for (const server of servers) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  });
  let port = 0;
  for (const [host, respond] of Object.entries(hosts)) {
    const server = createServer(respond);
    server.listen(port, host);
    await once(server, 'listening');
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the test server has no port');
    port = address.port;
  }
  return port;
};
