import { type AddressType, TaskError } from '@nodetask/shared';
import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { abortable } from '../../node/abortable.ts';
import type { Egress } from '../../node/egress.ts';
import { certificateAdvice, certificateFaultOf } from '../../node/http/certificate-fault.ts';
import { isIPAddress } from '../../node/ip-address.ts';
import { waitFor } from '../../outside-waits.ts';
import { type Candidate, maxHosts, type PeerSource } from './peer-source.ts';
import { ec2Transport, pageInstances } from './ec2-transport.ts';

export interface Ec2SourceOptions {
  readonly egress: Egress;
  readonly port: number;
  /** Instances that are asked for at once; default 50. */
  readonly pageSize?: number;
}

export interface Ec2Query {
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Default: auto. */
  readonly addressType?: AddressType | undefined;
  readonly endpoint?: string | undefined;
}

/** An endpoint that never comes to its last page ends here. */
const maxPages = 200;
const maxAttempts = 4;

/**
 * The running instances that carry all of the tags, from all pages, in the order of their ids, by the addresses of the type that is
 * asked for. Credentials come from the standard provider chain and nowhere else.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export const ec2Source = (
  query: Ec2Query,
  field: string,
  { egress, port, pageSize = pageInstances }: Ec2SourceOptions,
): PeerSource => {
  const { region, endpoint, addressType = 'auto' } = query;
  if (endpoint !== undefined) egress.checkURL(`${field}.endpoint`, endpoint);
  return {
    name: `ec2Tags in ${region}`,
    find: async (signal) => {
      // Loaded on first use: it takes longer to load than the agent to start.
      const { EC2Client: Client } = await import('./ec2-sdk.ts');
      const client = new Client({
        region,
        ...(endpoint === undefined ? {} : { endpoint }),
        maxAttempts,
        requestHandler: ec2Transport(egress, signal),
      });
      try {
        const instances = await waitFor(
          () => `EC2 in ${region}${endpoint === undefined ? '' : ` at ${endpoint}`}`,
          async () => abortable(listInstances(client, query, pageSize, signal), signal),
        );
        return instances
          .toSorted((a, b) => ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1))
          .map((instance) => toCandidate(instance, addressType, port));
      } catch (error) {
        signal.throwIfAborted();
        throw ec2Error(region, error);
      } finally {
        client.destroy();
      }
    },
  };
};

const listInstances = async (
  client: EC2Client,
  { region, tags }: Ec2Query,
  pageSize: number,
  signal: AbortSignal,
): Promise<readonly Instance[]> => {
  const { paginateDescribeInstances } = await import('./ec2-sdk.ts');
  const filters = Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [literal(value)] }));
  const pages = paginateDescribeInstances(
    { client, pageSize, stopOnSameToken: true },
    { Filters: [{ Name: 'instance-state-name', Values: ['running'] }, ...filters] },
    { abortSignal: signal },
  );
  const found: Instance[] = [];
  let count = 0;
  for await (const page of pages) {
    const instances = (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
    // Not every server knows every filter.
    found.push(...instances.filter((instance) => instance.State?.Name === 'running' && carries(instance, tags)));
    if (found.length > maxHosts) {
      throw tooMany(region, `more than ${maxHosts} running instances have these tags: name more tags`);
    }
    if (++count >= maxPages && page.NextToken !== undefined) {
      throw tooMany(region, `the answer has more than ${maxPages} pages: check endpoint, or name more tags`);
    }
  }
  return found;
};

/** A filter's value is a pattern with `*` and `?`; a tag's value may hold both. */
const literal = (value: string): string => value.replaceAll(/[\\*?]/g, String.raw`\$&`);

const carries = (instance: Instance, tags: Readonly<Record<string, string>>): boolean => {
  const own = new Map((instance.Tags ?? []).map(({ Key, Value }) => [Key, Value ?? '']));
  return Object.entries(tags).every(([key, value]) => own.get(key) === value);
};

const toCandidate = (instance: Instance, type: AddressType, port: number): Candidate => {
  const [host, ...others] = addressesOfType(instance, type);
  if (host === undefined) {
    const fault = `the instance has no ${type === 'auto' ? 'IP' : type} address${type === 'auto' ? '' : ' and no IPv6 address'}`;
    return { host: String(instance.InstanceId).slice(0, 80), port, fault };
  }
  return others.length === 0 ? { host, port } : { host, others, port };
};

/**
 * A private address leads to the instance only from its own network, and there it is the one that security groups let in and that costs
 * nothing. Public and IPv6 addresses lead to it from everywhere, and no other machine has them.
 */
const addressesOfType = (instance: Instance, type: AddressType): readonly string[] => {
  const [privateIp, publicIp] = [instance.PrivateIpAddress, instance.PublicIpAddress];
  // Not every server, and not every instance, has it at both places.
  const ofInterfaces = (instance.NetworkInterfaces ?? []).flatMap(({ Ipv6Addresses = [] }) => Ipv6Addresses);
  const ipv6 = instance.Ipv6Address ?? ofInterfaces[0]?.Ipv6Address;
  const wanted = { auto: [privateIp, publicIp, ipv6], private: [privateIp, ipv6], public: [publicIp, ipv6] }[type];
  const addresses = wanted.filter((address): address is string => address !== undefined && isIPAddress(address));
  return type === 'auto' ? addresses : addresses.slice(0, 1);
};

const tooMany = (region: string, what: string): TaskError =>
  new TaskError('source-invalid', `EC2 in ${region}: ${what}`);

const ec2Error = (region: string, error: unknown): TaskError => {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TaskError) return cause;
  }
  const [name, text] =
    error instanceof Error ? [error.name.slice(0, 80), error.message.slice(0, 1_200)] : ['Error', String(error)];
  const status = statusOf(error);
  const fault = certificateFaultOf(error);
  // Without credentials nothing is sent, and so nothing answers with a status.
  const isAnswered = status !== undefined || name === 'CredentialsProviderError' || fault !== undefined;
  const isPassing = (status ?? 0) >= 500 || status === 429 || /throttl|limitexceeded/i.test(name);
  return new TaskError(
    isAnswered && !isPassing ? 'source-invalid' : 'source-unreachable',
    `EC2 in ${region} cannot be asked: ${name}: ${withoutKeys(text).slice(0, 300)}`,
    { cause: error, remedy: fault === undefined ? adviceOf(name) : certificateAdvice(fault) },
  );
};

const adviceOf = (name: string): string => {
  if (name === 'RequestExpired') return 'set the clock of this machine, which is wrong';
  return /credential|auth|token|denied|signature/i.test(name)
    ? 'give the agent credentials that may call ec2:DescribeInstances, by its environment, web identity or pod identity'
    : 'check region and endpoint';
};

const statusOf = (error: unknown): number | undefined => {
  const metadata = error instanceof Error && '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  return typeof status === 'number' ? status : undefined;
};

/** A server may quote the access key that it refuses. */
const withoutKeys = (text: string): string => text.replaceAll(/\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b/g, '…');
