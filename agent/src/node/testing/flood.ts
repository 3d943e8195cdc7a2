import type { ServerResponse } from 'node:http';

export interface Flood {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The bytes before the flood. */
  readonly head?: string;
  /** The bytes that come again and again. */
  readonly piece?: string | Buffer;
}

/** Answers with a body that never ends, as fast as it is read. Resolves with the bytes that were written once the client has left. */
export const flood = (
  response: ServerResponse,
  { status = 200, headers, head = '', piece = ' ' }: Flood,
): Promise<number> => {
  const unit = Buffer.from(piece);
  const chunk = Buffer.concat(Array.from({ length: Math.ceil(65_536 / unit.length) }, () => unit));
  let written = 0;
  const write = (): void => {
    do written += chunk.length;
    while (!response.destroyed && response.write(chunk));
  };
  response.writeHead(status, { 'content-type': 'application/xml', ...headers });
  response.write(head);
  response.on('drain', write);
  return new Promise((resolve) => {
    response.on('close', () => {
      resolve(written);
    });
    write();
  });
};
