import type { ErrorCodeEntry } from './error-code-entry.ts';

/** Errors of HTTP answers of the agent, and of the operator's to agents; some of them end tasks too. */
export const answerErrorCodes = {
  'invalid-json': { status: 400, retriable: false, meaning: 'The body is not JSON.', action: 'Send a JSON object.' },
  'invalid-request': {
    status: 400,
    retriable: false,
    meaning: 'The body, the query or the path has a wrong shape; details.faults names each fault.',
    action: 'Correct what details.faults names.',
  },
  'unknown-type': {
    status: 400,
    retriable: false,
    meaning: 'The agent has no such task type.',
    action: 'Use one of the types that the message lists.',
  },
  'invalid-params': {
    status: 400,
    retriable: false,
    meaning: 'The params do not fit the task type; details.faults names each fault.',
    action: 'Correct the params that details.faults names.',
  },
  'invalid-schedule': {
    status: 400,
    retriable: false,
    meaning: 'The cron expression, time zone or height is wrong, or names no moment that ever comes.',
    action: 'Correct the field that the message names.',
  },
  'egress-refused': {
    status: 400,
    retriable: false,
    meaning: 'A host in the params is a loopback, link-local or metadata address that the agent does not connect to.',
    action: "Use another host, or allow it with the agent's --allow-host.",
  },
  unauthorized: {
    status: 401,
    retriable: false,
    meaning: 'Neither the client certificate of the connection nor the bearer token lets the caller in.',
    action:
      'Connect with a client certificate that the message asks for, or send the token of the agent as "Authorization: Bearer …", where it has one.',
  },
  'foreign-namespace': {
    status: 403,
    retriable: false,
    meaning: "ref.namespace is not the agent's own namespace.",
    action: 'Address an agent in the namespace of the NodeTask.',
  },
  'not-an-agent': {
    status: 403,
    retriable: true,
    meaning:
      'The operator gives certificates to pods only that it knows as pods with an agent, and the token is not of one.',
    action:
      "Label the pod nodetask.dev/agent: enabled, in a namespace that the operator watches (its --namespace), and give the agent the pod's own token.",
  },
  'not-found': {
    status: 404,
    retriable: false,
    meaning: 'There is no such route or no such task.',
    action: 'Check the path and the id; see /v0/openapi.json.',
  },
  'node-key-missing': {
    status: 404,
    retriable: true,
    meaning: 'The node has no node key yet, and so no id.',
    action:
      'Start the node once, or run its own init: it makes the key. A key in another place: node_key_file of config.toml.',
  },
  'method-not-allowed': {
    status: 405,
    retriable: false,
    meaning: 'The route does not take this method; the Allow header lists those that it takes.',
    action: 'Use a method of the Allow header.',
  },
  busy: {
    status: 409,
    retriable: true,
    meaning: 'Another one-shot runs, or a task that holds the same files; details.blockedBy names it.',
    action: 'Try again when the task in details.blockedBy has ended.',
  },
  conflict: {
    status: 409,
    retriable: false,
    meaning: 'The id belongs to a task with another request; details.differs names the members.',
    action: 'Use a new id, or send the very same request.',
  },
  'schedule-conflict': {
    status: 409,
    retriable: false,
    meaning:
      'The id belongs to a schedule that lives, with another cron, timeZone, startingDeadlineSeconds or suspend; details.differs names them.',
    action: 'Change the schedule by PUT /v0/tasks/{id}/schedule, or send what it has.',
  },
  'node-key-invalid': {
    status: 409,
    retriable: false,
    meaning: 'The node key, or the config.toml that says where it is, cannot be read or is not what it should be.',
    action: 'Correct what the message names. A damaged key: restore it from a backup.',
  },
  fenced: {
    status: 409,
    retriable: false,
    meaning: 'A newer leader has spoken to this agent: the X-NodeTask-Fence of the request is too low.',
    action: 'None, if it is the operator: it raises its Lease above details.fence, or ends as another one holds it.',
  },
  'fence-ahead': {
    status: 409,
    retriable: true,
    meaning: "The X-NodeTask-Fence of the request is more than a day ahead of what the agent's clock allows.",
    action:
      'Set the clocks of operator and agent right. Delete the Lease of the operator if its leaseTransitions is wrong.',
  },
  'run-mismatch': {
    status: 409,
    retriable: false,
    meaning: 'run is not the stored run + 1 of a failed one-shot.',
    action: 'Read the task and send run = its run + 1, or no run at all.',
  },
  gone: {
    status: 410,
    retriable: false,
    meaning: 'The id was removed and is never executed again.',
    action: 'Use a new id.',
  },
  'payload-too-large': {
    status: 413,
    retriable: false,
    meaning: 'The body is larger than the route takes, which is 1 MiB at most.',
    action: 'Send less.',
  },
  'wrong-pod': {
    status: 421,
    retriable: true,
    meaning: 'The request is meant for another pod: its X-NodeTask-Pod-UID is not the UID of the pod that answers.',
    action: 'Look up the address of the pod again: this one has passed to another.',
  },
  'unsupported-media-type': {
    status: 415,
    retriable: false,
    meaning: 'The body is not sent as application/json.',
    action: 'Send Content-Type: application/json.',
  },
  'too-many-requests': {
    status: 429,
    retriable: true,
    meaning: 'The operator was asked for more certificates than it issues in that time.',
    action: 'Wait as long as Retry-After says, and try again.',
  },
  'too-many-connections': {
    status: 503,
    retriable: true,
    meaning: 'The agent has as many event streams open as it allows.',
    action: 'Close some, or try again later.',
  },
  'not-ready': {
    status: 503,
    retriable: true,
    meaning: 'No mark-ready task has succeeded on the agent yet.',
    action: 'Submit mark-ready once the node may serve, or wait.',
  },
  stopping: {
    status: 503,
    retriable: true,
    meaning: 'The agent is shutting down and takes no new work.',
    action: 'Try again when it is back.',
  },
  'store-unavailable': {
    status: 503,
    retriable: true,
    meaning: 'The journal of the agent cannot be read or written.',
    action: "Look at the disk of the agent's state folder: full, read-only or failing.",
  },
  unavailable: {
    status: 503,
    retriable: true,
    meaning:
      'The operator cannot answer now: it has just started, has no CA yet, or the API server does not answer it.',
    action: "Try again; where that does not help, look at the operator's /readyz and its log.",
  },
  internal: {
    status: 500,
    retriable: true,
    meaning: 'A fault of the program itself.',
    action: 'Look into its log, for the request id where there is one, and report it.',
  },
} as const satisfies Record<string, ErrorCodeEntry & { readonly status: number }>;
