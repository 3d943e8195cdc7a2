/** Codes of OpenSSL's checks of a certificate, and of TLS spoken to a port that has none: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const lasting = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH$|ERR_TLS_CERT_|ERR_SSL_WRONG_VERSION)/;

/** The code where the certificate of a server is refused, in the error itself or in one that it came from; undefined for other errors. */
export const certificateFaultOf = (error: unknown): string | undefined => {
  const left: unknown[] = [error];
  for (let looked = 0; looked < maxErrors; looked++) {
    const next = left.pop();
    if (!(next instanceof Error)) {
      if (left.length === 0) return undefined;
      continue;
    }
    if ('code' in next && typeof next.code === 'string' && lasting.test(next.code)) return next.code;
    left.push(next.cause, ...(next instanceof AggregateError ? next.errors.slice(0, maxErrors) : []));
  }
  return undefined;
};

/** Errors that are looked at, for one whose causes are a circle. */
const maxErrors = 16;

export const certificateAdvice = (fault: string): string =>
  `its certificate is refused (${fault}): correct the address or the certificate, or give the agent the CA by NODE_EXTRA_CA_CERTS`;
