import type { IncomingHttpHeaders } from 'node:http';

/** Longer than any service account token. */
const maxTokenCharacters = 8192;

/** The token of `Authorization: Bearer …`; undefined where there is none, or none that could be a JSON web token. */
export const bearerOf = ({ authorization = '' }: IncomingHttpHeaders): string | undefined => {
  const [, token] = /^Bearer +([\w.-]+)$/i.exec(authorization.slice(0, maxTokenCharacters + 16)) ?? [];
  return token !== undefined && token.length <= maxTokenCharacters && token.split('.').length === 3 ? token : undefined;
};
