/**
 * Takes all that it gets of one processor until its parent is gone, however that ended: with it the pipe closes. Its loop lets go for a
 * moment ten times a second, in which it hears of that. Plain JavaScript: four of these start at once.
 */
const loop = () => {
  const end = performance.now() + 100;
  while (performance.now() < end);
  setImmediate(loop);
};
process.stdin.on('close', () => process.exit(0)).resume();
loop();
