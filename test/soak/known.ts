/** What a client can be sure of. */
import type { Kind } from "./ledger.ts";

/** A number in the session that only grows: every value was asked for once. */
export class Figure {
  /** The highest that was asked for. */
  issued = 0;
  /** The highest that is known to be stored. */
  sure = 0;
}

/** A session as its client knows it. */
export class Known {
  readonly id: string;
  /** Its name in the history; undefined where what it holds is not known. */
  readonly key: string | undefined;
  readonly figures: Map<string, Figure>;
  /** Values that `update` has returned, each at most once. */
  readonly returned: Set<number>;
  /** Something was asked for that ends it, and whether it did is unknown. */
  maybeGone: boolean;
  /** When its end was acknowledged. */
  goneAt: number | undefined;

  constructor(id: string, key: string | undefined, from: Known | undefined, maybeGone: boolean) {
    this.id = id;
    this.key = key;
    this.figures = from?.figures ?? new Map();
    this.returned = from?.returned ?? new Set();
    this.maybeGone = maybeGone;
  }

  figure(name: string): Figure {
    const figure = this.figures.get(name) ?? new Figure();
    this.figures.set(name, figure);
    return figure;
  }

  /** What does not fit: values that were lost, and values that nobody asked for. `sure` is from before the request. */
  compare(
    found: Readonly<Record<string, number>>,
    sure: ReadonlyMap<string, number> | undefined,
  ): readonly (readonly [Kind, string])[] {
    const faults: (readonly [Kind, string])[] = [];
    for (const name of new Set([...Object.keys(found), ...(sure?.keys() ?? [])])) {
      const figure = this.figure(name);
      const value = found[name] ?? 0;
      const least = sure?.get(name) ?? 0;
      if (value < least) {
        faults.push(["lost-write", `${name} is ${value}, and ${least} had been acknowledged`]);
        figure.sure = value;
        if (name === "n") for (const counted of this.returned) if (counted > value) this.returned.delete(counted);
      } else if (value > figure.issued)
        faults.push(["count", `${name} is ${value}, and only ${figure.issued} had been asked for`]);
      else figure.sure = Math.max(figure.sure, value);
    }
    return faults;
  }

  /** What is known to be stored, by name. */
  sure(): ReadonlyMap<string, number> {
    return new Map([...this.figures].map(([name, { sure }]) => [name, sure]));
  }
}

/** What ended, and must not serve anybody again. */
export interface Grave {
  readonly cookie: string;
  readonly key: string | undefined;
  readonly since: number;
  /** `logout` and `revoked` were acknowledged; `replaced` by a login; `observed` to be over after a failure. */
  readonly why: "logout" | "revoked" | "replaced" | "observed";
}

/** A user, on several devices. */
export class Account {
  readonly user: string;
  revokesUnderWay = 0;
  lastRevokeEnded = Number.NEGATIVE_INFINITY;
  /** A revocation failed, and may take effect yet. */
  revokeUnknown = false;

  constructor(user: string) {
    this.user = user;
  }
}
