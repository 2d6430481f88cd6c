import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../clock.ts";
import type { Epoch } from "../store.ts";
import type { Disk } from "./disk.ts";
import type { Layout } from "./layout.ts";
import { USER_LOCKS, userLock } from "./layout.ts";
import type { Locks } from "./lock.ts";

/** A login that takes longer than this between its two steps is not one. */
const KEPT_MS = 86_400_000;

/** Marks of the last revocation of each user, and of everybody: the time and chance, so that none comes back. */
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

  /** Once it resolves, no login with an older epoch is under way or can begin. */
  async moveUser(userId: string): Promise<void> {
    await this.#locks.hold(userLock(userId), () => this.#move(this.#layout.userEpoch(userId)));
  }

  async moveEverybody(): Promise<void> {
    await this.#locks.holdAll(USER_LOCKS, () => this.#move(this.#layout.everybodysEpoch));
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

  async #move(path: string): Promise<void> {
    await this.#disk.write(path, `${Math.trunc(this.#clock())}.${randomBytes(9).toString("base64url")}`);
  }
}
