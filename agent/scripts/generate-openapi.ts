import { mkdir, writeFile } from 'node:fs/promises';
import { openAPIText } from '../src/server/openapi.ts';
import { routes } from '../src/server/routes.ts';

/** Writes the OpenAPI document of the agent, from its routes and schemas, to docs/reference. */
const folder = new URL('../../docs/reference/', import.meta.url);
await mkdir(folder, { recursive: true });
await writeFile(new URL('openapi.json', folder), openAPIText(routes));
