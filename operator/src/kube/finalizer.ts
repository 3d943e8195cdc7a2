import { mergePatch, type WriteOptions } from './apply.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeTransport } from './kube-transport.ts';
import type { ResourceType } from './resource-type.ts';

type Finalizable = KubeObject & { readonly metadata: { readonly finalizers?: readonly string[] } };

/**
 * Puts `finalizer` on exactly this version of `object`: a list of finalizers is replaced as a whole, and must not undo what
 * somebody else did meanwhile.
 * @returns the object as stored; `object` itself when it has the finalizer.
 * @throws ApiError Conflict when the object changed or is another one by now.
 */
export const addFinalizer = async <T extends Finalizable>(
  transport: KubeTransport,
  type: ResourceType,
  object: T,
  finalizer: string,
  options: WriteOptions,
): Promise<T> => {
  const { finalizers = [] } = object.metadata;
  if (finalizers.includes(finalizer)) return object;
  return setFinalizers(transport, type, object, [...finalizers, finalizer], options);
};

/** The opposite of addFinalizer. The object that comes back may be gone by then: this was the last thing that held it. */
export const removeFinalizer = async <T extends Finalizable>(
  transport: KubeTransport,
  type: ResourceType,
  object: T,
  finalizer: string,
  options: WriteOptions,
): Promise<T> => {
  const { finalizers = [] } = object.metadata;
  if (!finalizers.includes(finalizer)) return object;
  return setFinalizers(
    transport,
    type,
    object,
    finalizers.filter((other) => other !== finalizer),
    options,
  );
};

const setFinalizers = async <T extends Finalizable>(
  transport: KubeTransport,
  type: ResourceType,
  { metadata: { namespace, name, resourceVersion } }: T,
  finalizers: readonly string[],
  options: WriteOptions,
): Promise<T> =>
  mergePatch<T>(
    transport,
    type,
    { name, ...(namespace !== undefined && { namespace }) },
    // No other object ever has this version: it stands for the uid as well.
    { metadata: { resourceVersion, finalizers } },
    options,
  );
