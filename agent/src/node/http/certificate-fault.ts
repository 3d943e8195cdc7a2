/** Codes of OpenSSL's checks of a certificate, and of TLS spoken to a port that has none: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const lasting = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH$|ERR_TLS_CERT_|ERR_SSL_WRONG_VERSION)/;

/** The code where the certificate of a server is refused, in the error itself or in one that it came from; undefined for other errors. */
export const certificateFaultOf = (error: unknown): string | undefined => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    // One for each address of a name.
    for (const one of cause instanceof AggregateError ? cause.errors : [cause]) {
      if (one instanceof Error && 'code' in one && typeof one.code === 'string' && lasting.test(one.code))
        return one.code;
    }
  }
  return undefined;
};

export const certificateAdvice = (fault: string): string =>
  `its certificate is refused (${fault}): correct the address or the certificate, or give the agent the CA by NODE_EXTRA_CA_CERTS`;
