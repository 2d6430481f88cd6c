/**
 * Records and the clock, which `records.ts` knows nothing of: what is live is read, changed and ended here, and what
 * has expired is removed.
 */
import type { Clock } from "../../clock.ts";
import type { SessionKey, StoredRecord } from "../../record.ts";
import type { Entry } from "../store.ts";
import type { Records } from "./records.ts";

/** The records that have not expired. */
export class LiveRecords {
  readonly records: Records;
  readonly #clock: Clock;

  constructor(records: Records, clock: Clock) {
    this.records = records;
    this.#clock = clock;
  }

  get(key: SessionKey): StoredRecord | null {
    const found = this.records.read(key);
    return found && found.expiresAt > this.#clock() ? found : null;
  }

  /** A user's, in the order of the listing. */
  async ofUser(userId: string): Promise<Entry[]> {
    const now = this.#clock();
    return (await this.records.ofUser(userId)).filter(({ record }) => record.expiresAt > now);
  }

  /** Runs the work with the record, expired or not, that nobody else can change meanwhile. */
  change<T>(key: SessionKey, work: (live: StoredRecord | null, found: StoredRecord | null) => Promise<T>): Promise<T> {
    return this.records.locked([key], async () => {
      const found = this.records.read(key);
      return work(found && found.expiresAt > this.#clock() ? found : null, found);
    });
  }

  /** Removes a live record, if it is still one of those that are meant. */
  end(key: SessionKey, isMeant: (record: StoredRecord) => boolean = () => true): Promise<boolean> {
    return this.change(key, async (live) => {
      if (!live || !isMeant(live)) return false;
      await this.records.remove(key, live);
      return true;
    });
  }

  /** Removes a record, if it is still expired. */
  collect(key: SessionKey): Promise<boolean> {
    return this.records.locked([key], async () => {
      const found = this.records.readAny(key);
      if (!found || found.expiresAt > this.#clock()) return false;
      await this.records.remove(key, found);
      return true;
    });
  }
}
