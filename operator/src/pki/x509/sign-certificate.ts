import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_clientAuth,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509';
import { signatureAlgorithmOf } from './signature-algorithm.ts';

/** What a certificate is good for, and for nothing else. */
export type CertificateUse = 'ca' | 'server' | 'client';

export interface CertificateContent {
  /** For people: nobody is recognised by it. */
  readonly commonName: string;
  readonly use: CertificateUse;
  readonly publicKey: KeyObject;
  /** Milliseconds since the epoch; a certificate has whole seconds, what is below is cut. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly uris?: readonly string[];
}

export interface Signer {
  readonly privateKey: KeyObject;
  /** Absent: the certificate is signed by its own key. */
  readonly certificate?: X509Certificate;
}

const idCommonName = '2.5.4.3';
const serialBytes = 16;

/**
 * Makes and signs a certificate.
 * @throws Error for a key that cannot sign certificates.
 * @see https://www.rfc-editor.org/rfc/rfc5280
 */
export const signCertificate = (content: CertificateContent, signer: Signer): X509Certificate => {
  const algorithm = signatureAlgorithmOf(signer.privateKey);
  if (algorithm === undefined) {
    throw new Error(
      `a key of type ${String(signer.privateKey.asymmetricKeyType)} cannot sign certificates: use EC (P-256, P-384, P-521), RSA or Ed25519`,
    );
  }
  const issuer =
    signer.certificate === undefined ? undefined : AsnConvert.parse(signer.certificate.raw, Certificate).tbsCertificate;
  const subject = nameOf(content.commonName);
  const publicKeyInfo = AsnConvert.parse(
    content.publicKey.export({ type: 'spki', format: 'der' }),
    SubjectPublicKeyInfo,
  );
  const signature = new AlgorithmIdentifier({
    algorithm: algorithm.oid,
    ...(algorithm.nullParameters ? { parameters: null } : {}),
  });
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: randomSerial(),
    signature,
    issuer: issuer?.subject ?? subject,
    validity: new Validity({ notBefore: new Date(content.notBefore), notAfter: new Date(content.notAfter) }),
    subject,
    subjectPublicKeyInfo: publicKeyInfo,
    extensions: new Extensions(extensionsOf(content, keyIdentifierOf(publicKeyInfo), issuer)),
  });
  const bytes = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: signature,
    signatureValue: toArrayBuffer(sign(algorithm.hash, bytes, signer.privateKey)),
  });
  return new X509Certificate(Buffer.from(AsnConvert.serialize(certificate)));
};

const extensionsOf = (
  content: CertificateContent,
  keyIdentifier: ArrayBuffer,
  issuer: TBSCertificate | undefined,
): Extension[] => {
  const names = alternativeNamesOf(content);
  const issuerKey = issuer === undefined ? keyIdentifier : declaredKeyIdentifier(issuer);
  return [
    ...usageOf(content.use),
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier)),
    ...(issuerKey === undefined
      ? []
      : [
          extension(
            id_ce_authorityKeyIdentifier,
            false,
            new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(issuerKey) }),
          ),
        ]),
    ...(names.length === 0 ? [] : [extension(id_ce_subjectAltName, false, new SubjectAlternativeName(names))]),
  ];
};

const usageOf = (use: CertificateUse): Extension[] => {
  if (use === 'ca') {
    return [
      // Signs no further CA.
      extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: true, pathLenConstraint: 0 })),
      extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)),
    ];
  }
  const purpose = { server: id_kp_serverAuth, client: id_kp_clientAuth }[use];
  return [
    extension(id_ce_basicConstraints, true, new BasicConstraints({ cA: false })),
    extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
    extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([purpose])),
  ];
};

const alternativeNamesOf = ({ dnsNames = [], ipAddresses = [], uris = [] }: CertificateContent): GeneralName[] => [
  ...dnsNames.map((dNSName) => new GeneralName({ dNSName })),
  ...ipAddresses.map((iPAddress) => new GeneralName({ iPAddress })),
  ...uris.map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
];

const extension = (extnID: string, critical: boolean, value: object): Extension =>
  new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) });

const nameOf = (commonName: string): Name =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: idCommonName, value: new AttributeValue({ utf8String: commonName }) }),
    ]),
  ]);

/** Method 1 of RFC 5280, section 4.2.1.2: SHA-1 as a name of the key, not for security. */
const keyIdentifierOf = ({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer =>
  toArrayBuffer(createHash('sha1').update(Buffer.from(subjectPublicKey)).digest());

/** As the issuer's certificate has it, whatever it was made from; undefined where it has none. */
const declaredKeyIdentifier = ({ extensions }: TBSCertificate): ArrayBuffer | undefined => {
  const found = extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  return found === undefined ? undefined : AsnConvert.parse(found.extnValue.buffer, SubjectKeyIdentifier).buffer;
};

/** Positive, and with its first byte not zero: one encoding, of one length. */
const randomSerial = (): ArrayBuffer => {
  const bytes = randomBytes(serialBytes);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return toArrayBuffer(bytes);
};

/** A copy: a Buffer may be a view of a larger pool. */
const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;
