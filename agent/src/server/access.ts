import type { IncomingMessage } from 'node:http';
import { metricsReaderIdentity, operatorIdentity } from '@nodetask/shared';
import type { BearerTokens } from './bearer-token.ts';
import type { Caller, CallerCertificates } from './caller-certificates.ts';
import { quoteValue } from './quote-value.ts';

/**
 * Who may call a route. `open`: anyone. `metrics`: who may call everything, and who reads metrics. `authenticated`: who may call
 * everything, by the operator's certificate or a token.
 */
export type Access = 'open' | 'metrics' | 'authenticated';

export interface GateOptions {
  readonly tokens?: BearerTokens;
  readonly certificates?: CallerCertificates;
}

const allowed: Readonly<Record<Exclude<Access, 'open'>, readonly string[]>> = {
  metrics: [operatorIdentity, metricsReaderIdentity],
  authenticated: [operatorIdentity],
};

/**
 * Decides who may call, from the certificate of the connection and the token of the request. With neither configured anyone may, and the
 * listener is on loopback (config.ts sees to that).
 */
export class Gate {
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Why the request is refused, and what to do; undefined where it is let in. To be asked again as long as an answer goes on. */
  refusal(request: IncomingMessage, access: Access): string | undefined {
    const { tokens, certificates } = this.#options;
    if (access === 'open' || (tokens === undefined && certificates === undefined)) return undefined;
    const caller = certificates?.callerOf(request.socket);
    if (caller !== undefined && 'identity' in caller && allowed[access].includes(caller.identity)) return undefined;
    if (tokens?.accepts(request.headers.authorization) === true) return undefined;
    return [
      ...(certificates === undefined ? [] : [certificateFault(caller, access)]),
      ...(tokens === undefined ? [] : [tokenFault(request.headers.authorization)]),
    ].join(' ');
  }
}

const certificateFault = (caller: Caller | undefined, access: Exclude<Access, 'open'>): string => {
  const wanted = `Connect with a client certificate for ${allowed[access].join(' or ')} of a CA in the trust file of the agent.`;
  if (caller === undefined) return `The connection has no client certificate. ${wanted}`;
  if ('fault' in caller) return `The client certificate is not accepted: ${caller.fault}. ${wanted}`;
  return `The client certificate is for ${quoteValue(caller.identity)}, who may not call this. ${wanted}`;
};

const tokenFault = (authorization: string | undefined): string =>
  authorization === undefined
    ? 'The request has no bearer token. Send "Authorization: Bearer <token>" with the token of the agent.'
    : 'The bearer token is wrong. Send the token that the token file of the agent holds now.';
