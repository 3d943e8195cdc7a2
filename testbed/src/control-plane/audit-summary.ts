// What service accounts asked of an API server, in the words of RBAC: each kind of request once. So much of the audit log can be kept of every
// control plane of a whole test run.
import { createReadStream, existsSync } from 'node:fs';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditEvent } from './audit-log.ts';

/** A request as the authorizer saw it. https://kubernetes.io/docs/reference/access-authn-authz/authorization/#review-your-request-attributes */
export interface AuditedRequest {
  /** system:serviceaccount:<namespace>:<name> */
  readonly user: string;
  readonly verb: string;
  readonly apiGroup?: string;
  /** With its subresource: nodetasks/status. */
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Of a request for no resource. */
  readonly path?: string;
  readonly allowed: boolean;
  /** Which binding and role allow it. */
  readonly reason: string;
}

const ACCOUNT = 'system:serviceaccount:';

/** Writes the summary of an audit log to a file of its own in `folder`. The log may have been cut off by a kill. */
export async function saveAuditSummary(auditLogFile: string, folder: string): Promise<void> {
  // An API server that never started has written none.
  if (!existsSync(auditLogFile)) return;
  const requests = new Map<string, AuditedRequest>();
  for await (const line of createInterface({ input: createReadStream(auditLogFile) })) {
    // Most lines are the admin's.
    if (!line.includes(ACCOUNT)) continue;
    for (const request of auditedRequests(line)) requests.set(JSON.stringify(request), request);
  }
  await mkdir(folder, { recursive: true });
  // The control plane's folder has a name that no other has.
  const file = join(folder, `${basename(dirname(auditLogFile))}.json`);
  await writeFile(file, JSON.stringify([...requests.values()]));
}

/** Everything that was saved in `folder`. */
export async function readAuditSummaries(folder: string): Promise<AuditedRequest[]> {
  const requests: AuditedRequest[] = [];
  for await (const file of glob('*.json', { cwd: folder }))
    requests.push(...(JSON.parse(await readFile(join(folder, file), 'utf8')) as AuditedRequest[]));
  return requests;
}

function auditedRequests(line: string): AuditedRequest[] {
  const event = parse(line);
  if (event === undefined || !event.user.username.startsWith(ACCOUNT)) return [];
  const { verb, user, objectRef, requestURI, responseStatus, annotations = {} } = event;
  const decision = annotations['authorization.k8s.io/decision'];
  // Not asked about: the client was gone, or unknown.
  if (decision === undefined) return [];
  const { apiGroup = '', resource, subresource, namespace, name } = objectRef ?? {};
  const request = {
    user: user.username,
    verb,
    ...(resource === undefined
      ? { path: requestURI.split('?', 1)[0] ?? '' }
      : { apiGroup, resource: subresource === undefined ? resource : `${resource}/${subresource}` }),
    ...(namespace === undefined ? {} : { namespace }),
    // The name of what is created is not known when it is asked whether that is allowed.
    ...(name === undefined || verb === 'create' ? {} : { name }),
    allowed: decision === 'allow',
    reason: annotations['authorization.k8s.io/reason'] ?? '',
  };
  // Server-side apply that creates must be allowed to, too: the API server asks a second time, with the name, and logs that nowhere.
  return verb === 'patch' && responseStatus?.code === 201 ? [request, { ...request, verb: 'create' }] : [request];
}

function parse(line: string): AuditEvent | undefined {
  try {
    return JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
}
