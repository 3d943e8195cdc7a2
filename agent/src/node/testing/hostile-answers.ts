import { sendJson } from './http-server.ts';
import type { Respond } from './host-servers.ts';

/** What a hostile or broken host may answer to a call of the RPC, and what is said of it within a few hundred milliseconds. */
export const hostileAnswers: Readonly<Record<string, { readonly respond: Respond; readonly why: RegExp }>> = {
  'an endless answer': {
    respond: (_, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    },
    why: /more than 262144 bytes/,
  },
  'a huge answer': {
    respond: (_, response) => {
      response.end(JSON.stringify({ node_info: { padding: 'x'.repeat(8_000_000) } }));
    },
    why: /more than 262144 bytes/,
  },
  'an answer that comes byte by byte': {
    respond: (_, response) => {
      const timer = setInterval(() => response.write(' '), 10);
      response.on('close', () => {
        clearInterval(timer);
      });
    },
    why: /did not answer within/,
  },
  silence: { respond: () => undefined, why: /did not answer within/ },
  'a web page': { respond: (_, response) => response.end('<html>login</html>'), why: /<html>login/ },
  null: { respond: (_, response) => response.end('null'), why: /"null", which is no answer/ },
  'a null result': {
    respond: (_, response) => {
      sendJson(response, { jsonrpc: '2.0', id: -1, result: null });
    },
    why: /no answer of CometBFT/,
  },
  'null members': {
    respond: (_, response) => {
      sendJson(response, { node_info: null, sync_info: null });
    },
    why: /no node_info\.id/,
  },
  'a node id that would break out of the file': {
    respond: (_, response) => {
      sendJson(response, { node_info: { id: `"\n[rpc]\nladdr = "tcp://0.0.0.0:1`, network: 'c' }, sync_info: {} });
    },
    why: /as node_info\.id/,
  },
  'deeply nested JSON': {
    respond: (_, response) => response.end('['.repeat(100_000) + ']'.repeat(100_000)),
    why: /no answer of CometBFT/,
  },
  'HTTP 503': { respond: (_, response) => response.writeHead(503).end('{}'), why: /HTTP status 503/ },
  'an RPC error with HTTP 200': {
    respond: (_, response) => {
      sendJson(response, { jsonrpc: '2.0', id: -1, error: { code: -32603, message: 'no' } });
    },
    why: /the error -32603 no/,
  },
  'a redirect to a metadata service': {
    respond: (_, response) =>
      response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data/iam/security-credentials/' }).end(),
    why: /redirects/,
  },
  'a closed connection': { respond: (request) => request.socket.destroy(), why: /other side closed|socket/ },
};
