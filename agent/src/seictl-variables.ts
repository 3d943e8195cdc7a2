/** The environment variables of seictl, and what stands for them here. docs/coming-from-seictl.md has the same table. */
const counterparts: Readonly<Record<string, string>> = {
  SEI_HOME: 'NODETASK_HOME',
  SEI_SIDECAR_PORT: 'NODETASK_LISTEN',
  SEI_SIDECAR_AUTHN_MODE: 'NODETASK_ENROLL_URL, NODETASK_TLS_CERT_FILE or NODETASK_TOKEN_FILE',
  SEI_CHAIN_ID: 'chainId in the params of each task',
  SEI_GENESIS_BUCKET: 'uri in the params of configure-genesis',
  SEI_GENESIS_REGION: 'region in the params of configure-genesis',
  SEI_SNAPSHOT_BUCKET: 'bucket in the params of snapshot-restore and snapshot-upload',
  SEI_SNAPSHOT_REGION: 'region in the params of snapshot-restore and snapshot-upload',
  SEI_SNAPSHOT_UPLOAD_INTERVAL: 'async.schedule (spec.schedule) of snapshot-upload',
  SEI_SNAPSHOT_UPLOAD_TIMEOUT: 'timeoutSeconds of snapshot-upload',
  SEI_RESULT_EXPORT_BUCKET: 'bucket in the params of result-export',
  SEI_RESULT_EXPORT_REGION: 'region in the params of result-export',
  SEI_RESULT_EXPORT_PREFIX: 'prefix in the params of result-export',
  SEI_KEYRING_BACKEND: 'nothing: no task signs',
  SEI_KEYRING_DIR: 'nothing: no task signs',
  SEI_KEYRING_PASSPHRASE: 'nothing: no task signs, and the secret is better taken out of the pod',
};

const maxUnknown = 16;
const maxNameCharacters = 64;

/** As Kubernetes sets them for each service, also for one that is named sei-something. */
const isOfService = (name: string): boolean =>
  name.includes('_SERVICE_HOST') || name.includes('_SERVICE_PORT') || /_PORT(?:$|_\d{1,5}_(?:TCP|UDP|SCTP))/.test(name);

/**
 * The facts to tell about variables that seictl would have read and this agent does not: names and what stands for them, never values. Undefined where there are
 * none.
 */
export const seictlVariables = (
  env: Readonly<Record<string, string | undefined>>,
): { readonly variables: readonly string[]; readonly more?: number } | undefined => {
  const set = Object.keys(env).filter((name) => env[name] !== '' && /^SEI(?:CTL)?_/.test(name));
  const known = set.filter((name) => Object.hasOwn(counterparts, name)).toSorted();
  const others = set.filter((name) => !Object.hasOwn(counterparts, name) && !isOfService(name)).toSorted();
  if (known.length + others.length === 0) return undefined;
  const more = Math.max(0, others.length - maxUnknown);
  return {
    variables: [
      ...known.map((name) => `${name}: ${counterparts[name] ?? ''}`),
      ...others.slice(0, maxUnknown).map((name) => `${name.slice(0, maxNameCharacters)}: unknown`),
    ],
    ...(more === 0 ? {} : { more }),
  };
};
