/** Configuration keys whose values must not show in results, events and logs. */
const secretName =
  /(?:^|[_-])(?:key|keys|password|passwd|passphrase|secret|secrets|token|tokens|mnemonic|seed[_-]?phrase|credential|credentials|psql[_-]conn)$/i;
const camelSecret = /(?:Key|Password|Passphrase|Secret|Token|Mnemonic)$/;
const publicName = /pub(?:lic)?[_-]?keys?$/i;

/** True for names such as `priv_key`, `apiToken`, `psql-conn`; a public key is no secret, nor is the path of a key file. */
export const isSecretKey = (key: string): boolean =>
  (secretName.test(key) || camelSecret.test(key)) && !publicName.test(key);

/** Masks the user and password of URLs, for instance of database connections, wherever they stand. */
export const maskURLCredentials = (text: string): string => text.replaceAll(/(:\/\/)[^\s/@"']+@/g, '$1[redacted]@');

/** Words like psql's `password=… host=…`. */
export const maskAssignments = (text: string): string =>
  text.replaceAll(/\b(password|passwd|secret|token)=[^\s"'&]+/gi, '$1=[redacted]');
