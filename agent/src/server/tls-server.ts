import { constants } from 'node:crypto';
import type { RequestListener, ServerOptions } from 'node:http';
import type { Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from '@nodetask/shared';
import type { TlsIdentity } from '../tls/tls-identity.ts';

export type TlsServer = Server;

export interface TlsServerOptions {
  readonly tls: TlsIdentity;
  readonly http: ServerOptions;
  /** For a client to complete the handshake. */
  readonly handshakeMs: number;
  readonly logger: Logger;
}

/**
 * The server of the API over TLS. Every client is let in: probes have no certificate, and who may call what is decided with the request.
 * New certificates and CAs are shown to new connections; those that are open go on.
 */
export const createTlsServer = (options: TlsServerOptions, app: RequestListener): TlsServer => {
  const { tls, http, handshakeMs, logger } = options;
  const server = process
    .getBuiltinModule('node:https')
    .createServer(
      { ...http, ...contextOf(tls), requestCert: true, rejectUnauthorized: false, handshakeTimeout: handshakeMs },
      app,
    );
  tls.subscribe(() => {
    try {
      server.setSecureContext(contextOf(tls));
    } catch (error) {
      logger.error('TLS does not take the new certificates: it goes on with those from before', { error });
    }
  });
  return server;
};

const contextOf = ({ credentials, trust }: TlsIdentity): SecureContextOptions => ({
  key: credentials.key,
  cert: credentials.chain,
  // A list, even of nothing: without one the CAs of the web would be trusted.
  ca: trust.anchors.map(String),
  minVersion: 'TLSv1.2',
  // No session is resumed: it would bring along a judgement of the certificate that was made at another time.
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
});
