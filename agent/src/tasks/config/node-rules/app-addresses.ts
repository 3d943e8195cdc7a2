/** Addresses of the SDK's own servers in app.toml. */
import type { SdkVersion } from '../known-keys/versions.ts';
import { canListen, splitHostPort, splitScheme } from './go-address.ts';
import type { Refusal } from './refusal.ts';
import type { TypedValues } from './typed-values.ts';

/** From 0.50 on a server that cannot listen ends alone, and the node goes on; 0.47 ends. Seen with 0.55.0, read in the others. */
export const addressRefusals = (values: TypedValues, version: SdkVersion): readonly Refusal[] => {
  const alone = version === 'v0.47.17' ? {} : { doubt: true as const };
  const refusals: Refusal[] = [];
  const address = values.text('grpc.address');
  if (values.flag('grpc.enable')) {
    if (splitHostPort(address) === undefined)
      refusals.push({ key: 'grpc.address', why: 'must be host:port without a scheme' });
    else if (!canListen('tcp', address))
      refusals.push({ key: 'grpc.address', why: cannotListen('host:port', 'gRPC'), ...alone });
  }
  if (values.flag('api.enable')) {
    const parts = splitScheme(values.text('api.address'));
    if (parts === undefined || !canListen(...parts))
      refusals.push({ key: 'api.address', why: cannotListen('tcp://host:port', 'API'), ...alone });
  }
  if (
    values.has('grpc-web.address') &&
    values.flag('grpc.enable') &&
    values.flag('grpc-web.enable') &&
    !canListen('tcp', values.text('grpc-web.address'))
  )
    refusals.push({ key: 'grpc-web.address', why: cannotListen('host:port', 'gRPC-web'), ...alone });
  return refusals;
};

const cannotListen = (form: string, server: string): string =>
  `must be ${form}, with a port from 0 to 65535: the node would not start, or start without its ${server} server`;
