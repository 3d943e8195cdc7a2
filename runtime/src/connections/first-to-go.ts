/**
 * How much a connection has earned. `unknown`: nothing yet. `served`: it was answered as a caller of that kind would be, which is no
 * proof of who it is. `proven`: its caller has shown who it is.
 */
export type Standing = 'unknown' | 'served' | 'proven';

/** The facts about a connection that decide if it gives way to another one. */
export interface Place {
  readonly address: string;
  readonly standing: Standing;
  /** Requests under way. */
  readonly requests: number;
}

/**
 * The connection that gives way to a new one: one of the least standing, of the address that has the most of these, and there the oldest that
 * waits for nothing. Whoever holds many connections so loses its own, and who has only one keeps it. A proven one never gives way.
 * @param places in the order in which they were opened
 */
export const firstToGo = <Held extends Place>(places: Iterable<Held>): Held | undefined => {
  const byStanding = Map.groupBy(places, ({ standing }) => standing);
  const candidates = byStanding.get('unknown') ?? byStanding.get('served') ?? [];
  const [first, ...others] = Map.groupBy(candidates, ({ address }) => address).values();
  if (first === undefined) return undefined;
  const most = others.reduce((largest, group) => (group.length > largest.length ? group : largest), first);
  return most.find(({ requests }) => requests === 0) ?? most[0];
};
