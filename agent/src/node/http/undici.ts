/**
 * The HTTP client, for http-get.ts, which bounds every answer, and for the egress check; to be imported when it is first used. A module of
 * its own, because `import()` of a CommonJS package has no named exports in a bundle
 * (https://esbuild.github.io/content-types/#default-interop).
 */
export { Agent, buildConnector, request } from 'undici';
