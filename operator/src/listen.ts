import type { Server } from 'node:net';

/** Where a server listens. Without a host: at all addresses of both families, or of IPv4 alone on a machine that has no other. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/** An address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/**
 * @param flag by which the address is given
 * @throws ListenError
 */
export const listen = async (server: Server, { host, port }: ListenAddress, flag: string): Promise<void> => {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error): void => {
      reject(new ListenError(`cannot listen on ${host ?? ''}:${port} (${flag}): ${error.message}`, { cause: error }));
    };
    server.once('error', onError);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off('error', onError);
      resolve();
    });
  });
};
