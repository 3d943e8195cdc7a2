/** The SDK, to be imported when it is first used: it takes longer to load than the agent to start. A module of its own: see node/http/undici.ts. */
export { EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
