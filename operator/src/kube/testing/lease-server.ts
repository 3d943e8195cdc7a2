import { ApiError } from '../api-error.ts';
import type { KubeRequest } from '../kube-transport.ts';
import type { Lease } from '../lease.ts';

/** One Lease with the API server's rules of preconditions. */
export class LeaseServer {
  lease: Lease | undefined;
  #version = 0;

  /** Puts back what was stored before, versions and all. */
  restore(lease: Lease | undefined): void {
    this.lease = lease;
    this.#version = Number(lease?.metadata.resourceVersion ?? 0);
  }

  handle(request: KubeRequest): Lease {
    if (request.method === 'GET') {
      if (this.lease === undefined) throw new ApiError('GET: 404', { code: 404, reason: 'NotFound' });
      return this.lease;
    }
    const body = request.body as Lease;
    if (request.method === 'POST' && this.lease !== undefined) {
      throw new ApiError('POST: 409', { code: 409, reason: 'AlreadyExists' });
    }
    if (request.method === 'PUT' && body.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
      throw new ApiError('PUT: 409', { code: 409, reason: 'Conflict' });
    }
    this.#version += 1;
    this.lease = { ...body, metadata: { ...body.metadata, uid: 'u', resourceVersion: String(this.#version) } };
    return this.lease;
  }
}
