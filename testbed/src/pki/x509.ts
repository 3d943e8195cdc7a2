// The X.509 library, to be imported when it is first used: it is large, and wants Reflect.getMetadata before it is loaded.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for what it does to Reflect
import 'reflect-metadata';

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
