// The few calls of EC2's query protocol that set up a test: a form is sent, XML comes back. No SDK: it would share code with the agent.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html

import type { Ec2Instance } from '../ec2.ts';

const API_VERSION = '2016-11-15';
/** moto's first call loads its lists of images and instance types. */
const TIMEOUT_MS = 30_000;

export class Ec2Query {
  readonly #endpoint: string;
  readonly #authorization: string;

  constructor(endpoint: string, region: string) {
    this.#endpoint = endpoint;
    // moto reads service and region from here and does not check the signature.
    this.#authorization = `AWS4-HMAC-SHA256 Credential=testbed/20260101/${region}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
  }

  /** Answers the instance's id. */
  async runInstance({ privateAddress, tags, hasPublicAddress = false }: Ec2Instance): Promise<string> {
    const form: Record<string, string> = {
      ImageId: 'ami-12c6146b',
      InstanceType: 't3.micro',
      MinCount: '1',
      MaxCount: '1',
      // Unless it is told, moto makes up a public address.
      'NetworkInterface.1.DeviceIndex': '0',
      'NetworkInterface.1.AssociatePublicIpAddress': String(hasPublicAddress),
      'NetworkInterface.1.PrivateIpAddress': privateAddress,
    };
    const entries = Object.entries(tags);
    if (entries.length > 0) form['TagSpecification.1.ResourceType'] = 'instance';
    for (const [index, [key, value]] of entries.entries()) {
      form[`TagSpecification.1.Tag.${index + 1}.Key`] = key;
      form[`TagSpecification.1.Tag.${index + 1}.Value`] = value;
    }
    const answer = await this.#call('RunInstances', form);
    const id = /<instanceId>([\w-]+)<\/instanceId>/.exec(answer)?.[1];
    if (id === undefined) throw new Error(`RunInstances answered without an instanceId: ${answer.slice(0, 300)}`);
    return id;
  }

  async publicAddress(id: string): Promise<string | undefined> {
    const answer = await this.#call('DescribeInstances', { 'InstanceId.1': id });
    return /<ipAddress>([\d.]+)<\/ipAddress>/.exec(answer)?.[1];
  }

  async stopInstances(ids: readonly string[]): Promise<void> {
    await this.#call('StopInstances', Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id])));
  }

  async #call(action: string, form: Readonly<Record<string, string>>): Promise<string> {
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      headers: { authorization: this.#authorization },
      body: new URLSearchParams({ Action: action, Version: API_VERSION, ...form }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = await response.text();
    if (!response.ok) throw new Error(`${action} at ${this.#endpoint}: HTTP ${response.status} ${body.slice(0, 500)}`);
    return body;
  }
}
