import { abortable } from '../kube/deadline.ts';
import type { OwnCertificates } from '../pki/own-certificates.ts';
import { SecureServer, type SecureServerOptions } from './secure-server.ts';

export interface RunSecureServerOptions extends Omit<SecureServerOptions, 'certificate'> {
  readonly own: OwnCertificates;
}

/**
 * Serves from the first certificate on, with the newest one, until `signal` aborts.
 * @throws ListenError
 */
export const runSecureServer = async (options: RunSecureServerOptions, signal: AbortSignal): Promise<void> => {
  const { own, logger, address } = options;
  try {
    await abortable(own.complete, signal);
    const certificate = own.material('server');
    if (certificate === undefined) throw new Error('there is no certificate of the server');
    await using server = new SecureServer({ ...options, certificate });
    own.onRenewed((name) => {
      const renewed = own.material('server');
      if (name === 'server' && renewed !== undefined) server.setCertificate(renewed);
    });
    await server.listen();
    const routes = options.routes.map(({ method, path }) => `${method} ${path}`);
    logger.info('serving by HTTPS', { host: address.host ?? 'all', port: server.port, routes });
    await abortable(new Promise<never>(() => undefined), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};
