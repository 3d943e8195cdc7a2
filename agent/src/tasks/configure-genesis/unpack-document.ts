import { type Packing, headBytes, packingOf } from './document-kind.ts';
import { EnvelopeError, EnvelopeReader } from './envelope-reader.ts';
import { genesisInvalid } from './genesis-invalid.ts';
import type { GenesisSource } from './genesis-source.ts';
import { peekStream } from './peek-stream.ts';
import { unpackGzip } from './unpack-gzip.ts';

/** A .gz may hold the answer of an RPC, and a server may compress a .gz once more. */
const maxLayers = 3;

/**
 * The document in what a source has: as it is, or out of gzip, out of the answer of an RPC, or out of both. `onLayer` is told what was taken off, from the
 * outside in, before the first byte. Throws TaskError `genesis-invalid` for anything else that people publish.
 */
export async function* unpackDocument(
  bytes: AsyncGenerator<Uint8Array, void, undefined>,
  source: GenesisSource,
  onLayer: (layer: Packing) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let inner = bytes;
  try {
    for (let layers = 0; ; layers++) {
      const { head, all } = await peekStream(inner, headBytes);
      inner = all;
      const packing = packingOf(head, source);
      if (packing === undefined) break;
      if (layers === maxLayers) throw genesisInvalid(source.name, `is packed more than ${maxLayers} times`);
      onLayer(packing);
      inner = packing === 'gzip' ? unpackGzip(all, source.name) : openEnvelope(all, source);
      if (packing === 'rpc-envelope') break;
    }
    yield* inner;
  } finally {
    await inner.return();
    // A generator that was not begun has nothing to end, and passes nothing on.
    await bytes.return();
  }
}

async function* openEnvelope(
  bytes: AsyncGenerator<Uint8Array, void, undefined>,
  source: GenesisSource,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new EnvelopeReader();
  const refuse = (what: string, cause?: unknown): Error => genesisInvalid(source.name, what, askRPC(source), cause);
  try {
    for await (const chunk of bytes) yield* reader.write(chunk);
  } catch (error) {
    throw error instanceof EnvelopeError
      ? refuse(`looks like the answer of an RPC, and ${error.message}`, error)
      : error;
  }
  const envelope = reader.end();
  switch (envelope.kind) {
    case 'genesis':
      return;
    case 'several':
      throw refuse('looks like the answer of an RPC, and has more than one genesis');
    case 'cut-off':
      throw refuse('looks like the answer of an RPC, and ends too early');
    case 'error':
      throw refuse(`is the answer of an RPC, which is an error: ${envelope.error}`);
    case 'chunk':
      throw refuse('is one chunk of a genesis, the answer of an RPC to genesis_chunked');
    case 'other':
      throw refuse('looks like the answer of an RPC, and has no genesis');
    default:
      envelope satisfies never;
  }
}

/** The parameter that takes the address of an RPC, with the address where the source has it. */
const askRPC = ({ address }: GenesisSource): string => {
  const base = address === undefined ? undefined : /^(.*)\/genesis(?:_chunked)?\/?$/.exec(address.pathname)?.[1];
  const rpc = address === undefined || base === undefined ? 'the address of the RPC' : `${address.origin}${base}`;
  return `Give rpc: ${rpc.slice(0, 300)} instead of uri, by which the task takes the genesis chunk by chunk`;
};
