import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedText, plural, shortList, withCode } from './bounded-text.ts';

test('boundedText replaces control characters and cuts', () => {
  assert.equal(boundedText('a\u0000\n\u001b[31mb\u2028c\u009f'), 'a [31mb c');
  assert.equal(boundedText('abcdef', 4), 'abc…');
  assert.equal(boundedText('abcd', 4), 'abcd');
  assert.equal(boundedText('ab\u{1F600}c', 4).isWellFormed(), true);
});

test('boundedText lets nothing turn the direction of the text around', () => {
  assert.equal(boundedText('sei-0\u202e0-ies\u2066x\u200f'), 'sei-0 0-ies x');
});

test('withCode says the code once', () => {
  assert.equal(withCode('disk-full', 'no space left'), 'disk-full: no space left');
  assert.equal(withCode('invalid-schedule', 'invalid schedule: minute "61"'), 'invalid-schedule: minute "61"');
  assert.equal(withCode(undefined, 'x'), 'x');
});

test('shortList and plural', () => {
  assert.equal(shortList(['a', 'b', 'c']), 'a, b, c');
  assert.equal(shortList(['a', 'b', 'c', 'd', 'e']), 'a, b, c and 2 more');
  assert.equal(plural(1, 'target'), '1 target');
  assert.equal(plural(0, 'target'), '0 targets');
});
