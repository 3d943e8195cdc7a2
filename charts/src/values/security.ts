import * as z from 'zod';
import { passedList } from './kubernetes.ts';

/** Values of who may talk to whom. */

export const tls = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        "Mutual TLS between operator and agents, from a CA that the operator manages. Off: agents need a bearer token (`agent.tokenSecret`), which crosses the cluster's network in the clear.",
      ),
    caLifetimeSeconds: z.int().min(3600).default(31_536_000).describe("Lifetime of the operator's own CA."),
    certificateLifetimeSeconds: z
      .int()
      .min(60)
      .default(86_400)
      .describe('Lifetime of the certificates of operator and agents; they are renewed after two thirds of it.'),
    certManager: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe('Let cert-manager (1.16 or newer, already installed) make and renew the CA.'),
        issuerRef: z
          .strictObject({
            name: z.string().max(253).default('').describe('Name of the issuer. Empty: a self-signed one is made.'),
            kind: z
              .string()
              .default('Issuer')
              .describe("Kind of the issuer: `Issuer`, `ClusterIssuer`, or an external one's."),
            group: z.string().default('cert-manager.io').describe('API group of the issuer.'),
          })
          .prefault({})
          .describe('Who signs the CA. It must be allowed to sign CAs.'),
      })
      .prefault({})
      .describe('The CA from cert-manager.'),
  })
  .prefault({})
  .describe('Certificates.');

export const injection = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Add the agent to pods with the label `nodetask.dev/agent: enabled` that have none. Needs `tls.enabled`.',
      ),
    failurePolicy: z
      .enum(['Fail', 'Ignore'])
      .default('Fail')
      .describe(
        'What becomes of a pod with that label while no operator answers: `Fail` refuses it, and its controller tries again; `Ignore` lets it start without an agent and without a start gate. No other pod is ever asked about.',
      ),
    timeoutSeconds: z.int().min(1).max(30).default(5).describe('How long the API server waits for the answer.'),
  })
  .prefault({})
  .describe('Injection of agents.');

export const admissionPolicy = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe(
        'Have the API server refuse what an agent writes anywhere but in the row of its own pod, and warn people who apply a workload with agents whose service account may not report.',
      ),
  })
  .prefault({})
  .describe('The ValidatingAdmissionPolicies on `nodetasks/status` and on workloads with agents.');

export const rbac = z
  .strictObject({
    aggregate: z
      .boolean()
      .default(true)
      .describe('Let the ClusterRoles view, edit and admin of Kubernetes have NodeTasks too.'),
  })
  .prefault({})
  .describe('Rights of people.');

export const networkPolicy = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        "NetworkPolicies: the operator's pods, and in each of `agentNamespaces` the ports 7777 and 7778 of the pods with an agent, are reached by those who need them only.",
      ),
    metricsFrom: passedList
      .default([{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }])
      .describe('Who may read metrics: peers of a NetworkPolicy.'),
  })
  .prefault({})
  .describe('Who reaches whom over the network.');
