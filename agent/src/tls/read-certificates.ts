import { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '@nodetask/runtime/foreign-text';

/**
 * The certificates of a PEM text, in order; what stands between them (comments, a key) does not count.
 * @throws Error where one cannot be read, naming which
 */
export const readCertificates = (pem: string): readonly X509Certificate[] =>
  certificateBlocks(pem).map((text, index) => {
    try {
      return new X509Certificate(text);
    } catch (error) {
      throw new Error(
        `certificate ${String(index + 1)} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  });
