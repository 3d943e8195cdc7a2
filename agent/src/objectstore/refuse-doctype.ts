import { TaskError } from '@nodetask/shared';

/**
 * Refuses XML with a document type. No object store sends one, and the parser of the SDK writes the whole text in lower case for each
 * that it finds: a megabyte of them would take it minutes. Throws TaskError `object-store-invalid`.
 */
export const refuseDoctype = (xml: Buffer): void => {
  if (!/<!doctype/i.test(xml.toString('latin1'))) return;
  throw new TaskError(
    'object-store-invalid',
    'the answer is XML with a document type, which no object store sends: check endpoint',
  );
};
