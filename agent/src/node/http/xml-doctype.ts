/**
 * True if an XML text has a document type. No service of AWS sends one, and the parser of the SDK writes the whole text in lower case for
 * each that it finds: a megabyte of them would take it minutes.
 */
export const hasDoctype = (xml: Buffer): boolean => /<!doctype/i.test(xml.toString('latin1'));
