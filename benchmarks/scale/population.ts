/** Who is in the store: sessions of users, each made from its number alone, so that none has to be remembered. */
import { createHash } from "node:crypto";
import type { SessionRecord } from "sojourn";

export interface Fresh {
  readonly key: string;
  readonly record: SessionRecord;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;

/** Every tenth session is over after one of the first hours, all others live for days. */
const EXPIRING = 10;

/** In so many shares, an hour between one and the next. */
export const SHARES = 5;

export class Population {
  readonly sessions: number;
  readonly users: number;
  readonly #name: string;
  readonly #payload: readonly [before: string, after: string];
  readonly #start: number;

  /** @param payload What the core stores for one session; a number in it is made another in each. */
  constructor(name: string, sessions: number, users: number, payload: string, start: number) {
    const [before = "", after = ""] = payload.split('"count":7', 2);
    this.#payload = [`${before}"count":`, after];
    this.sessions = sessions;
    this.users = users;
    this.#name = name;
    this.#start = start;
  }

  key(index: number): string {
    return createHash("sha256").update(`${this.#name} ${index}`).digest("base64url");
  }

  at(index: number): Fresh {
    const createdAt = this.#start - ((index * 7_919) % (20 * DAY));
    const seenAt = this.#start - ((index * 104_729) % HOUR);
    const share = this.shareOf(index);
    const life = share !== undefined ? share * HOUR - MINUTE : 5 * DAY + ((index * 15_485) % (5 * DAY));
    const record = { payload: this.#text(index), createdAt, seenAt, expiresAt: this.#start + life };
    return { key: this.key(index), record: { ...record, userId: userOf(index % this.users) } };
  }

  /** A session of one user who has many. */
  ofUser(userId: string, index: number): Fresh {
    const { record } = this.at(1);
    const key = createHash("sha256").update(`${this.#name} ${userId} ${index}`).digest("base64url");
    return { key, record: { ...record, payload: this.#text(index), userId, createdAt: this.#start + index } };
  }

  /** The hour after which a session is over, 1 to 5; undefined for one that lives on. */
  shareOf(index: number): number | undefined {
    return index % EXPIRING === 0 ? ((index / EXPIRING) % SHARES) + 1 : undefined;
  }

  /** The numbers of the sessions of a share. */
  expiring(share: number): number[] {
    const all: number[] = [];
    const step = EXPIRING * SHARES;
    for (let index = (share - 1) * EXPIRING; index < this.sessions; index += step) all.push(index);
    return all;
  }

  /** Numbers of sessions that live on, at random; those of one lane are in no other. */
  living(count: number, lane: number, lanes: number): number[] {
    const all = Math.floor(this.sessions / lanes);
    const one = (): number => Math.floor(Math.random() * all) * lanes + lane;
    return Array.from({ length: count }, () => {
      let index = one();
      while (this.shareOf(index) !== undefined) index = one();
      return index;
    });
  }

  /** Flat, as it comes out of a request: a text that was put together costs more until it is read. */
  #text(index: number): string {
    const [before, after] = this.#payload;
    return Buffer.from(`${before}${1_000_000 + index}${after}`).toString("latin1");
  }
}

export function userOf(index: number): string {
  return `user-${String(index).padStart(7, "0")}`;
}

/** Moves the clock to the end of the next share. */
export const AN_HOUR: number = HOUR;
