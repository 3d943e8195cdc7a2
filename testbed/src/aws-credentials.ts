// Credentials for the local servers that speak an AWS protocol, as a pod would have them: from the environment.

export interface AwsCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
}

/** For AgentSettings.env. The metadata service is off: its address, 169.254.169.254, is none of this machine's. */
export function awsEnvironment(credentials: AwsCredentials): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: credentials.accessKey,
    AWS_SECRET_ACCESS_KEY: credentials.secretKey,
    AWS_REGION: credentials.region,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}
