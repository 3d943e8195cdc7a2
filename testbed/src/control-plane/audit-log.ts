// Reads the API server's audit log: what every client really asked for. https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/
import { readFile } from 'node:fs/promises';

export interface AuditEvent {
  readonly auditID: string;
  /** ResponseStarted is written for watches only. */
  readonly stage: 'ResponseStarted' | 'ResponseComplete' | 'Panic';
  /** get list watch create update patch delete … */
  readonly verb: string;
  readonly requestURI: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly apiGroup?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  /** What authorization (`authorization.k8s.io/decision` and `/reason`) and admission had to say. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

export async function readAuditLog(path: string): Promise<AuditEvent[]> {
  const text = await readFile(path, 'utf8');
  // The last line may be half written: it counts at the next reading.
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  return complete
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditEvent);
}
