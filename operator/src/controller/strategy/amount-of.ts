/**
 * A number or a percentage of spec.strategy, as a number of targets. A percentage is rounded down.
 * @param amount for instance 3 or "25%"; the schema has checked it.
 */
export const amountOf = (amount: number | string, total: number): number =>
  typeof amount === 'number' ? amount : Math.floor((total * Number.parseInt(amount, 10)) / 100);
