import { CertificateAuthority } from '@nodetask/testbed';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Of the CA that issued it. */
  readonly ca: string;
}

/** A certificate for localhost and 127.0.0.1, of a private CA. */
export const makeServerCertificate = async (): Promise<Certificate> => {
  const authority = await CertificateAuthority.create();
  const { certificate, key } = await authority.issue({ dns: ['localhost'], ips: ['127.0.0.1'], usages: ['server'] });
  return { cert: certificate, key, ca: authority.certificate };
};
