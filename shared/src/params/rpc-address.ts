import * as z from 'zod';

/** `host:port`, as CometBFT's rpc_servers has it, also with the tcp:// of its rpc.laddr. An IPv6 address stands in brackets. */
const hostAndPort = /^(?:tcp:\/\/)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}):([0-9]{1,5})\/?$/;

/**
 * The URL of an RPC address in any of its forms. Port 443 means https, every other port http. A URL stays as it is, and so does what is no
 * address: who connects to it refuses that.
 */
export const rpcUrl = (address: string): string => {
  const [, host, port] = hostAndPort.exec(address) ?? [];
  return host === undefined ? address : `${Number(port) === 443 ? 'https' : 'http'}://${host.toLowerCase()}:${port}`;
};

/** An RPC address of the params: taken in every form that nodes and their tools write, and a URL from then on. */
export const rpcAddress = z
  .string()
  .max(2048)
  .regex(
    /^(https?:\/\/(\[[0-9A-Fa-f:.]{2,45}\]|[^\s/?#@,:[\]]+)(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(\/\S*)?|(tcp:\/\/)?(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}):([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])\/?)$/,
    'must be an http:// or https:// URL, host:port or tcp://host:port, without credentials or a node id, one and not a list, with a port from 1 to 65535, and with an IPv6 address in brackets',
  )
  .overwrite(rpcUrl);
