import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandWords, consoleCommands, markdownBlocks } from './markdown.ts';

test('the fenced blocks of a page, with their language', () => {
  const page =
    'Do:\n\n```yaml\na: 1\n```\n\n```\nplain\n```\n\n`not` this\n\n1. In a list:\n\n   ```sh\n   a\n     b\n   ```\n';
  assert.deepEqual(markdownBlocks(page), [
    { language: 'yaml', text: 'a: 1\n' },
    { language: '', text: 'plain\n' },
    { language: 'sh', text: 'a\n  b\n' },
  ]);
});

test('the commands of a block, with what they print', () => {
  assert.deepEqual(consoleCommands('$ kubectl get pods\nNAME\na\n$ helm list\n'), [
    { command: 'kubectl get pods', prints: 'NAME\na' },
    { command: 'helm list', prints: '' },
  ]);
});

test('the words of a command', () => {
  assert.deepEqual(commandWords("helm install --set 'names={a,b}' x"), [
    'helm',
    'install',
    '--set',
    'names={a,b}',
    'x',
  ]);
  assert.deepEqual(commandWords(`kubectl wait --for=jsonpath='{.status.phase}'=Running "a b"`), [
    'kubectl',
    'wait',
    '--for=jsonpath={.status.phase}=Running',
    'a b',
  ]);
});
