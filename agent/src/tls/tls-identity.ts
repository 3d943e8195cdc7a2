import type { Clock, Logger } from '@nodetask/shared';
import type { AgentMetrics } from '../metrics/agent-metrics.ts';
import type { TlsConfig } from '../tls-options.ts';
import { version } from '../version.ts';
import type { CredentialSource } from './credential-source.ts';
import type { Credentials } from './credentials.ts';
import { Enrollment } from './enrollment.ts';
import { IdentityStore } from './identity-store.ts';
import { OwnFiles } from './own-files.ts';
import { TrustFile } from './trust-file.ts';

export interface TlsParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Pick<AgentMetrics, 'enrollments'>;
}

/** Who the agent is over TLS, and whom it trusts. Both change while it serves. */
export class TlsIdentity {
  readonly trust: TrustFile;
  readonly #source: CredentialSource;

  private constructor(trust: TrustFile, source: CredentialSource) {
    this.trust = trust;
    this.#source = source;
  }

  /** @throws IdentityFileError */
  static async open({ trustFile, identity }: TlsConfig, parts: TlsParts): Promise<TlsIdentity> {
    const { clock, random, logger, metrics } = parts;
    const trust = new TrustFile({ path: trustFile, clock, logger });
    if (identity.from === 'files') return new TlsIdentity(trust, new OwnFiles({ ...identity, clock, logger }));
    const source = await Enrollment.open({
      url: identity.url,
      tokenFile: identity.tokenFile,
      podUID: identity.podUID,
      ...(identity.folder === undefined ? {} : { store: new IdentityStore(identity.folder) }),
      trust,
      userAgent: `nodetask-agent/${version}`,
      clock,
      random,
      logger,
      onRequest: (result) => {
        metrics.enrollments.inc({ result });
      },
    });
    return new TlsIdentity(trust, source);
  }

  get credentials(): Credentials {
    return this.#source.credentials;
  }

  /** Of the certificate, in seconds since the epoch; 0 while there is none of a CA. */
  get endSeconds(): number {
    return this.#source.isPlaceholder ? 0 : this.credentials.certificate.validToDate.getTime() / 1000;
  }

  /** Told after each change of either. */
  subscribe(listener: () => void): void {
    this.trust.subscribe(listener);
    this.#source.subscribe(listener);
  }

  /** Keeps both fresh until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.trust.run(signal), this.#source.run(signal)]);
  }
}
