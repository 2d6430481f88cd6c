/** Calls on one key that are under way in this process. */
interface Lane {
  calls: number;
  /** Settles with the last write, and with the last read since. */
  writes: Promise<unknown>;
  reads: Promise<unknown>;
}

/**
 * Turns by key: reads go together, a write goes alone, and everybody waits for those that came before. It makes a read
 * followed by a write one step for this process, and keeps a read from seeing half of a write where the
 * back end does not replace at once (files).
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();

  read<T>(key: string, step: () => Promise<T>): Promise<T> {
    return this.#enter(key, (lane) => {
      const turn = lane.writes.then(step);
      lane.reads = Promise.all([lane.reads, settled(turn)]);
      return turn;
    });
  }

  write<T>(key: string, step: () => Promise<T>): Promise<T> {
    return this.#enter(key, (lane) => {
      const turn = Promise.all([lane.writes, lane.reads]).then(step);
      lane.writes = settled(turn);
      lane.reads = Promise.resolve();
      return turn;
    });
  }

  async #enter<T>(key: string, line: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = this.#lanes.get(key) ?? { calls: 0, writes: Promise.resolve(), reads: Promise.resolve() };
    this.#lanes.set(key, lane);
    lane.calls += 1;
    try {
      return await line(lane);
    } finally {
      lane.calls -= 1;
      if (lane.calls === 0) this.#lanes.delete(key);
    }
  }
}

function settled(turn: Promise<unknown>): Promise<unknown> {
  return turn.catch(() => {});
}

const lanes = new WeakMap<object, Lanes>();

/** The lanes of a back end's client: two stores over one client take turns with each other, too. */
export function lanesOf(client: object): Lanes {
  const known = lanes.get(client) ?? new Lanes();
  lanes.set(client, known);
  return known;
}
