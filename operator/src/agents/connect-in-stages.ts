import type { LookupFunction, Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import { connectTimeoutMs, handshakeTimeoutMs } from './agent-connections.ts';
import { codeOf, HandshakeTimeoutError } from './connection-fault.ts';

type Connector = buildConnector.connector;

/**
 * Connects, then agrees upon TLS, each with a time of its own: a firewall lets no connection come about, an agent that hangs lets its kernel take it and
 * says nothing then.
 * @param secureContext one for all connections, so that certificates and key are read once.
 */
export const connectInStages = (lookup: LookupFunction, secureContext: SecureContext): Connector => {
  const connect = buildConnector({ timeout: connectTimeoutMs, lookup });
  // Each connection is to show who it is: none is taken up again by a ticket.
  const secure = buildConnector({ allowH2: false, timeout: handshakeTimeoutMs, maxCachedSessions: 0, secureContext });
  return (target, callback) => {
    connect({ ...target, protocol: 'http:' }, (error, socket) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      secureOver(secure, socket, target, callback);
    });
  };
};

const secureOver = (
  secure: Connector,
  httpSocket: Socket,
  target: buildConnector.Options,
  callback: buildConnector.Callback,
): void => {
  secure({ ...target, httpSocket }, (...[error, socket]) => {
    if (error === null) {
      // An alert, by which the other side refuses our certificate, comes with the end of the stream: undici would tell of the end alone.
      socket.once('error', (fault: Error) => socket.destroy(fault));
      callback(null, socket);
    } else {
      httpSocket.destroy();
      const late = codeOf(error) === 'UND_ERR_CONNECT_TIMEOUT';
      callback(late ? new HandshakeTimeoutError('no TLS handshake in time', { cause: error }) : error, null);
    }
  });
};
