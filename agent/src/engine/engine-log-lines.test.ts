import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TaskError, type TaskRef } from '@nodetask/shared';
import { startWith, turn, uuid } from '../../test/support/engine/harness.ts';
import { LogLines } from '../../test/support/log-lines.ts';

const ref: TaskRef = { namespace: 'sei', name: 'nightly', uid: uuid(77), maxResultBytes: 4096 };
const task = { id: uuid(1), type: 'config-validate', ref } as const;
const minute = 60_000;

const start = () => {
  const log = new LogLines();
  const harness = startWith({}, { logger: log.logger });
  /** Lets the handler log, by its logger and by one that it gave further fields. */
  const speak = (): void => {
    const { logger } = harness.handler.last.context;
    logger.info('looked at a file');
    logger.child({ file: 'app.toml' }).warn('the file is odd');
  };
  return { ...harness, log, speak };
};

/** Asserts that the lines are of runs as they should be, and that each names the NodeTask, the task, its type and the run. */
const assertNamed = (log: LogLines, messages: readonly string[], runs: readonly number[]): void => {
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    messages,
  );
  for (const { message, fields } of log.lines) {
    const { nodeTask, task: id, type, run } = fields;
    assert.deepEqual({ nodeTask, id, type }, { nodeTask: 'sei/nightly', id: task.id, type: task.type }, message);
    assert.ok(runs.includes(run as number), `${message} is of run ${String(run)}`);
  }
};

const spoken = ['looked at a file', 'the file is odd'];

describe('each log line of a run names the NodeTask', () => {
  it('of a one-shot that fails', async () => {
    const { engine, handler, log, speak } = start();
    engine.submit(task);
    await turn();
    speak();
    handler.last.fail(new TaskError('file-missing', 'app.toml does not exist'));
    await turn();
    assertNamed(log, ['run started', ...spoken, 'the run failed', 'run failed'], [1]);
  });

  it('of a schedule that fires twice', async () => {
    const { engine, handler, clock, log, speak } = start();
    engine.submitScheduled(task, { cron: '* * * * *' });
    for (let run = 1; run <= 2; run++) {
      await clock.advance(minute);
      await turn();
      speak();
      handler.last.complete();
      await turn();
    }
    assertNamed(log, ['run started', ...spoken, 'run completed', 'run started', ...spoken, 'run completed'], [1, 2]);
    assert.deepEqual(
      log.lines.map(({ fields }) => fields['run']),
      [1, 1, 1, 1, 2, 2, 2, 2],
    );
  });

  it('of a daemon that is restarted, and then removed', async () => {
    const { engine, handler, clock, log, speak } = start();
    engine.submitDaemon(task, { restartPolicy: 'OnFailure' });
    await turn();
    handler.last.fail(new TaskError('rpc-unreachable', 'nobody answers'));
    await turn();
    await clock.advance(5 * minute);
    await turn();
    speak();
    engine.removeResult(task.id);
    await turn();
    assertNamed(log, ['run started', 'the run failed', 'run failed', 'run started', ...spoken, 'run removed'], [1, 2]);
  });

  it('of a one-shot that an agent which starts again takes up', async () => {
    const { engine, restart } = startWith({ interrupted: 'run-again' });
    engine.submit(task);
    await turn();
    const log = new LogLines();
    restart({ logger: log.logger });
    await turn();
    const again = log.lines.filter(({ message }) => !message.startsWith('the agent crashed'));
    assert.deepEqual(
      again.map(({ message, fields }) => [message, fields['nodeTask']]),
      [
        ['running an interrupted task again', 'sei/nightly'],
        ['run started', 'sei/nightly'],
      ],
    );
    assert.deepEqual(log.find(/^the agent crashed/u)?.['nodeTasks'], ['sei/nightly']);
  });

  it('has none where the task was submitted without one', async () => {
    const { engine, log } = start();
    engine.submit({ type: 'config-validate' });
    await turn();
    assert.deepEqual(Object.keys(log.find(/^run started/u) ?? {}), ['task', 'type', 'run']);
  });
});
