/**
 * JSON that a YAML reader takes for what it is: the body of a server-side apply, whose content type is `application/apply-patch+yaml`. JSON is
 * YAML only almost: the API server's YAML 1.1 reader refuses C1 control characters, DEL and the surrogates that JSON escapes, and folds U+0085,
 * U+2028 and U+2029 as line breaks. Half surrogate pairs become U+FFFD.
 * @see https://yaml.org/spec/1.1/#id868524
 */
export const applyPatchBody = (object: unknown): string =>
  JSON.stringify(object, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed() : value)).replaceAll(
    notPlainInYaml,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const notPlainInYaml = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;
