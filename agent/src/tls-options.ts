import { resolve } from 'node:path';
import { ConfigError, filePath, type OptionSpec } from '@nodetask/runtime/command-line';
import * as z from 'zod';

/** Who the agent is over TLS, and whom it trusts. */
export interface TlsConfig {
  readonly trustFile: string;
  readonly identity: IdentityConfig;
}

/** Where key and certificate come from. */
export type IdentityConfig =
  | {
      readonly from: 'operator';
      /** Of the operator's service. */
      readonly url: URL;
      readonly tokenFile: string;
      readonly podUID: string;
      /** Absent: in memory. */
      readonly folder?: string;
    }
  | { readonly from: 'files'; readonly certFile: string; readonly keyFile: string };

export const tlsSchema = z.object({
  trustFile: filePath.optional(),
  enrollUrl: z
    .string()
    .max(2048)
    .regex(
      /^https:\/\/[^\s/?#@]+\/?$/,
      "must be the https:// URL of the operator's service, without a path, for instance https://nodetask-operator.nodetask-system.svc/",
    )
    .refine((text) => URL.canParse(text), 'must be a URL of a host')
    .optional(),
  enrollTokenFile: filePath.optional(),
  identityDir: filePath.optional(),
  tlsCertFile: filePath.optional(),
  tlsKeyFile: filePath.optional(),
});

export const tlsOptions: readonly OptionSpec<keyof typeof tlsSchema.shape>[] = [
  {
    key: 'trustFile',
    flags: '--trust-file <path>',
    env: 'NODETASK_TRUST_FILE',
    describe: 'CA certificates (PEM, each signing itself) of callers and of the operator; read again when it changes',
  },
  {
    key: 'enrollUrl',
    flags: '--enroll-url <url>',
    env: 'NODETASK_ENROLL_URL',
    describe: "the operator's service, which issues the certificate of the agent; the API is HTTPS then",
  },
  {
    key: 'enrollTokenFile',
    flags: '--enroll-token-file <path>',
    env: 'NODETASK_ENROLL_TOKEN_FILE',
    describe: 'token of the service account, bound to the pod, with the audience nodetask.dev: shown to the operator',
  },
  {
    key: 'identityDir',
    flags: '--identity-dir <path>',
    env: 'NODETASK_IDENTITY_DIR',
    describe: 'folder in which key and certificate survive a restart of the container; default: in memory only',
  },
  {
    key: 'tlsCertFile',
    flags: '--tls-cert-file <path>',
    env: 'NODETASK_TLS_CERT_FILE',
    describe:
      'certificate (PEM, with its chain) that somebody else issues, instead of --enroll-url; read again when it changes',
  },
  {
    key: 'tlsKeyFile',
    flags: '--tls-key-file <path>',
    env: 'NODETASK_TLS_KEY_FILE',
    describe: 'private key (PEM, without a passphrase) of --tls-cert-file',
  },
];

type Given = z.output<typeof tlsSchema> & { readonly podUid?: string | undefined };

/** @throws ConfigError where the options do not go together */
export const tlsConfig = (given: Given): TlsConfig | undefined => {
  const identity = identityOf(given);
  if (identity === undefined) {
    refuse(given, ['trustFile', 'enrollTokenFile', 'identityDir', 'tlsKeyFile'], 'has no effect without', [
      'enrollUrl',
      'tlsCertFile',
    ]);
    return undefined;
  }
  return { trustFile: needed(given, 'trustFile', identity.from === 'files' ? 'tlsCertFile' : 'enrollUrl'), identity };
};

const identityOf = (given: Given): IdentityConfig | undefined => {
  if (given.enrollUrl !== undefined) {
    refuse(given, ['tlsCertFile', 'tlsKeyFile'], 'does not go together with', ['enrollUrl']);
    return {
      from: 'operator',
      url: new URL(given.enrollUrl),
      tokenFile: needed(given, 'enrollTokenFile', 'enrollUrl'),
      podUID: podUID(given),
      ...(given.identityDir === undefined ? {} : { folder: resolve(given.identityDir) }),
    };
  }
  if (given.tlsCertFile !== undefined) {
    refuse(given, ['enrollTokenFile', 'identityDir'], 'has no effect without', ['enrollUrl']);
    return {
      from: 'files',
      certFile: resolve(given.tlsCertFile),
      keyFile: needed(given, 'tlsKeyFile', 'tlsCertFile'),
    };
  }
  return undefined;
};

type PathKey = Exclude<keyof typeof tlsSchema.shape, 'enrollUrl'>;

const needed = (given: Given, key: PathKey, by: keyof typeof tlsSchema.shape): string => {
  const path = given[key];
  if (path === undefined) throw new ConfigError(`${nameOf(key)} is not set, and ${nameOf(by)} needs it.`);
  return resolve(path);
};

const refuse = (
  given: Given,
  keys: readonly PathKey[],
  why: string,
  others: readonly (keyof typeof tlsSchema.shape)[],
): void => {
  const key = keys.find((candidate) => given[candidate] !== undefined);
  if (key !== undefined) {
    throw new ConfigError(
      `${nameOf(key)} is ${JSON.stringify(given[key])}: it ${why} ${others.map(nameOf).join(' or ')}.`,
    );
  }
};

/** The certificate is for the pod: another would not be called, and this is how the agent tells. */
const podUID = ({ podUid }: Given): string => {
  if (podUid === undefined) {
    throw new ConfigError(
      `POD_UID is not set although ${nameOf('enrollUrl')} is: set it by the downward API (metadata.uid).`,
    );
  }
  return podUid;
};

const nameOf = (key: keyof typeof tlsSchema.shape): string => {
  const option = tlsOptions.find((candidate) => candidate.key === key);
  return option === undefined ? key : `${option.env} / ${option.flags.split(' ')[0] ?? ''}`;
};
