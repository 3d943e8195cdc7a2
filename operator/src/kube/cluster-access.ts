/** How to prove to the API server who we are, as of one moment. */
export interface Credentials {
  /** `authorization`, impersonation. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** What a TLS connection to the API server is made with. PEM. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  /** False only where the kubeconfig says insecure-skip-tls-verify. */
  readonly rejectUnauthorized?: boolean;
}

/** Where the API server is and how to get in. */
export interface ClusterAccess {
  /** Base URL without a slash at its end. */
  readonly server: string;
  /** Namespace of the kubeconfig's context or of the pod. */
  readonly namespace?: string;
  /**
   * Reads token, certificates and CA anew.
   * @param fresh true after a 401: nothing remembered may be used.
   */
  readCredentials(fresh: boolean): Promise<Credentials>;
}
