/**
 * A limit on tries: so many at once, then one more each interval. One number per name is all that is kept:
 * the instant at which its last try is paid off.
 */
export interface AttemptOptions {
  /** How many tries may follow one another. */
  readonly burst: number;
  /** Milliseconds until one more is allowed. */
  readonly everyMs: number;
  /** The most names that are remembered; beyond it, the one that has not tried for longest is forgotten. Default 10,000. */
  readonly capacity?: number | undefined;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

export class Attempts {
  readonly #paidOffAt = new Map<string, number>();
  readonly #options: AttemptOptions;
  readonly #clock: () => number;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  /**
   * Takes one try: 0 when it is allowed, else the milliseconds to wait. Call it before the password is
   * checked and not after: of a hundred guesses sent at once, only the first few may get that far.
   */
  take(name: string): number {
    const { burst, everyMs, capacity = 10_000 } = this.#options;
    const now = this.#clock();
    const paidOffAt = Math.max(this.#paidOffAt.get(name) ?? 0, now) + everyMs;
    const wait = paidOffAt - now - burst * everyMs;
    if (wait > 0) return wait;
    // Deleted first, so that the map's order is the order of the last tries.
    this.#paidOffAt.delete(name);
    this.#paidOffAt.set(name, paidOffAt);
    for (const oldest of this.#paidOffAt.keys()) {
      if (this.#paidOffAt.size <= capacity) break;
      this.#paidOffAt.delete(oldest);
    }
    return 0;
  }

  /** Forgets the tries of a name: it got in. */
  clear(name: string): void {
    this.#paidOffAt.delete(name);
  }
}

/** The two limits of a login: for the account that is tried, and for the address that tries. */
export class LoginLimit {
  readonly #byUser: Attempts;
  readonly #byAddress: Attempts;

  constructor(clock: () => number = Date.now) {
    this.#byUser = new Attempts({ burst: 5, everyMs: 60_000, clock });
    this.#byAddress = new Attempts({ burst: 20, everyMs: 15_000, clock });
  }

  /** 0 when the try is allowed, else the milliseconds to wait. */
  take(user: string, address: string | undefined): number {
    return this.#byAddress.take(networkOf(address ?? "")) || this.#byUser.take(user);
  }

  /** The address stays counted: else a thief with one account of their own could wash it clean between tries. */
  succeed(user: string): void {
    this.#byUser.clear(user);
  }
}

/** An IPv6 address to its /64, which is what one subscriber has; IPv4 as it is. */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [head = "", tail] = address.split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail?.split(":").filter(Boolean) ?? [];
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
}
