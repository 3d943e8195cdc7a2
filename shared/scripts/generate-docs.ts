/** Writes docs/reference/*.md from the zod schemas and the registry of error codes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { errorsPage } from '../src/docs/errors-page.ts';
import { nodeTaskPage } from '../src/docs/node-task-page.ts';
import { tasksPage } from '../src/docs/tasks-page.ts';

const folder = new URL('../../docs/reference/', import.meta.url);

const pages = { 'nodetask.md': nodeTaskPage(), 'tasks.md': tasksPage(), 'errors.md': errorsPage() };

await mkdir(folder, { recursive: true });
await Promise.all(Object.entries(pages).map(async ([name, text]) => writeFile(new URL(name, folder), text)));
