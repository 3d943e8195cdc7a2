import { type Dialect, TaskError } from '@nodetask/shared';
import type { DocumentTable } from '../../../node/document-value.ts';
import type { AskDialect } from './ask-dialect.ts';
import { type Evidence, evidenceInApp, evidenceInConfig, judge } from './evidence.ts';

export interface DialectQuestion {
  /** The parameter of the task. */
  readonly asked: Dialect | undefined;
  readonly ask: AskDialect;
  readonly signal: AbortSignal;
}

interface ParsedFile {
  readonly path: string;
  readonly document: DocumentTable;
}

interface Finding {
  readonly dialect: Dialect;
  readonly why: string;
}

/**
 * Whose node reads config.toml, which is how its keys are spelled: by all keys of the file, then by those of app.toml, then by the running
 * node. Throws TaskError `dialect-unknown` if none of them tells or the keys contradict each other and no parameter decides, and
 * `dialect-mismatch` if the parameter is not what they clearly show.
 */
export const decideDialect = async (
  config: ParsedFile,
  readApp: () => Promise<ParsedFile>,
  question: DialectQuestion,
): Promise<Dialect> => {
  const { asked } = question;
  const found = await find(config, readApp, question);
  if (found === undefined) {
    if (asked !== undefined) return asked;
    throw unknown(
      `nothing tells if ${config.path} is that of a Sei node or of a CometBFT node: neither its keys, nor those of app.toml, nor a running node`,
    );
  }
  if (asked !== undefined && asked !== found.dialect) {
    throw new TaskError(
      'dialect-mismatch',
      `dialect is ${asked}, but ${found.why}; nothing was changed: correct dialect, or remove what does not belong there`,
    );
  }
  return found.dialect;
};

/** What the files alone tell, for a node that does not have a config.toml yet. */
export const dialectOfApp = (app: ParsedFile): Dialect | undefined => findInApp(app)?.dialect;

const find = async (
  config: ParsedFile,
  readApp: () => Promise<ParsedFile>,
  { asked, ask, signal }: DialectQuestion,
): Promise<Finding | undefined> => {
  const evidence = evidenceInConfig(config.document);
  const verdict = judge(evidence);
  if (verdict.kind === 'clear') return clear(verdict.dialect, evidence, config);
  if (verdict.kind === 'contradiction') {
    if (asked !== undefined) return { dialect: asked, why: 'the parameter decides' };
    throw unknown(
      `${config.path} has ${evidence.sei[0] ?? ''}, which only a Sei node reads, and ${evidence.cometbft[0] ?? ''}, which only a CometBFT node reads`,
      ', and remove the keys of the other kind',
    );
  }
  return findInApp(await readApp()) ?? (await ask(signal));
};

/** Keys of app.toml that contradict each other tell nothing: chains add keys of their own there. */
const findInApp = (app: ParsedFile): Finding | undefined => {
  const evidence = evidenceInApp(app.document);
  const verdict = judge(evidence);
  return verdict.kind === 'clear' ? clear(verdict.dialect, evidence, app) : undefined;
};

const names: Readonly<Record<Dialect, string>> = { sei: 'a Sei node', cometbft: 'a CometBFT node' };

const clear = (dialect: Dialect, evidence: Evidence, { path }: ParsedFile): Finding => ({
  dialect,
  why: `${path} has ${evidence[dialect].slice(0, 2).join(' and ')}, which only ${names[dialect]} reads`,
});

const unknown = (what: string, more = ''): TaskError =>
  new TaskError('dialect-unknown', `${what}; nothing was changed: set dialect to sei or cometbft${more}`);
