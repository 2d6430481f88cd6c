/**
 * The epochs of a file store, by which a login that began before a revocation is refused: a file for each user who was
 * revoked lately, and one for everybody.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import type { Admission, Epoch } from "../store.ts";
import type { Disk } from "./disk.ts";
import type { Layout } from "./layout.ts";
import { USER_LOCKS } from "./layout.ts";
import type { Locks } from "./lock.ts";

/** A login that takes longer than this between its two steps is not one. */
const KEPT_MS = 86_400_000;

/**
 * Marks of the last revocation of each user, and of everybody: the time and chance, so that none comes back, and behind
 * a blank the latest instant that a revocation was of.
 */
export class Epochs {
  readonly #disk: Disk;
  readonly #locks: Locks;
  readonly #layout: Layout;
  readonly #clock: Clock;

  constructor(disk: Disk, locks: Locks, layout: Layout, clock: Clock) {
    this.#disk = disk;
    this.#locks = locks;
    this.#layout = layout;
    this.#clock = clock;
  }

  of(userId: string): Epoch {
    const everybody = this.#disk.read(this.#layout.everybodysEpoch) ?? "0";
    return `${everybody}/${this.#disk.read(this.#layout.userEpoch(userId)) ?? "0"}`;
  }

  /** Whether a login has been revoked since its request arrived. */
  isRevoked(userId: string, { epoch, since }: Admission): boolean {
    if (epoch !== this.of(userId)) return true;
    if (since === undefined) return false;
    const { everybodysEpoch } = this.#layout;
    return since < Math.max(this.#instant(everybodysEpoch), this.#instant(this.#layout.userEpoch(userId)));
  }

  /** The caller has the user's lock. Once it resolves, no login with an older epoch is under way or can begin. */
  async moveUser(userId: string, at: number | undefined): Promise<void> {
    await this.#move(this.#layout.userEpoch(userId), at);
  }

  async moveEverybody(at: number | undefined): Promise<void> {
    await this.#locks.holdAll(USER_LOCKS, () => this.#move(this.#layout.everybodysEpoch, at));
  }

  /** Removes the marks of users whose last revocation is a day ago. */
  async removeOld(): Promise<void> {
    for (const name of await this.#disk.names(this.#layout.epochs)) {
      const path = join(this.#layout.epochs, name);
      if (path === this.#layout.everybodysEpoch || !this.#isOld(path)) continue;
      await this.#locks.hold(`users-${name[0]}`, async () => {
        if (this.#isOld(path)) await this.#disk.remove(path);
      });
    }
  }

  #isOld(path: string): boolean {
    const at = Number.parseInt(this.#disk.read(path) ?? "", 10);
    return at + KEPT_MS <= this.#clock();
  }

  /** Before everything when there was no revocation; a mark without an instant is of the time when it was made. */
  #instant(path: string): number {
    const mark = this.#disk.read(path);
    if (mark === null) return Number.NEGATIVE_INFINITY;
    const blank = mark.indexOf(" ");
    return blank === -1 ? Number.parseInt(mark, 10) : Number(mark.slice(blank + 1));
  }

  async #move(path: string, at: number = this.#clock()): Promise<void> {
    const mark = `${Math.trunc(this.#clock())}.${randomBytes(9).toString("base64url")}`;
    await this.#disk.write(path, `${mark} ${Math.max(at, this.#instant(path))}`);
  }
}
