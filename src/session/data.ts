/**
 * The application's data of one request: what was loaded, what the application made of it, and whether that has to be
 * saved. Nobody else changes any of it.
 */
import type { Codec } from "../codec/codec.ts";
import { SessionError } from "../errors.ts";
import { freeze } from "../record/freeze.ts";
import { applyChanges, changesBetween } from "../record/merge.ts";
import { type DataObject, decodeData, type Encoded, sameEncoded } from "../record/payload.ts";
import { lateData } from "./late-data.ts";

export class SessionData {
  readonly #codec: Codec;
  /** Undefined until somebody wants to see it. */
  #value: DataObject | undefined;
  /** The encoding that the data is compared with to see whether it changed. */
  #base: Encoded;
  /** The application has had the data in its hands, so it may have changed. */
  #exposed = false;
  /** A schema has passed the data, and may have made something else of it than the base has. */
  readonly #reshaped: boolean;
  #late: { readonly of: DataObject; readonly shown: DataObject } | undefined;
  /** First-level keys that `update` wrote while the data was on its way to the cookie. */
  readonly #updated = new Set<string>();

  constructor(codec: Codec, base: Encoded, value?: DataObject, reshaped = false) {
    this.#codec = codec;
    this.#base = base;
    this.#value = value;
    this.#reshaped = reshaped;
  }

  get base(): Encoded {
    return this.#base;
  }

  get exposed(): boolean {
    return this.#exposed;
  }

  /**
   * The data, in the application's hands from now on. What a schema made of it when it was loaded is nobody's change.
   */
  expose(): DataObject {
    const value = this.#read();
    if (!this.#exposed) {
      this.#exposed = true;
      if (this.#reshaped) this.#base = this.#codec.encode(value);
    }
    return value;
  }

  /** The data for whoever comes after the commit: to read, and every change is an error that says so. */
  late(refuse: () => SessionError): DataObject {
    const value = this.#read();
    freeze(value);
    // A session that can only be read is frozen from the beginning, and may be loaded again.
    if (this.#late?.of !== value) this.#late = { of: value, shown: lateData(value, refuse) as DataObject };
    return this.#late.shown;
  }

  /** The application gives another object. */
  assign(value: DataObject): void {
    this.expose();
    this.#value = value;
  }

  /** The data as it is now. Not encoded when nobody has looked at it. */
  encoded(): Encoded {
    return this.#exposed ? this.#codec.encode(this.#read()) : this.#base;
  }

  /** The data as it is now, when it is not what was loaded. */
  changed(): Encoded | undefined {
    if (!this.#exposed) return undefined;
    const encoded = this.#codec.encode(this.#read());
    return sameEncoded(encoded, this.#base) ? undefined : encoded;
  }

  /** What `update` made of it here, with nothing stored yet. */
  update(value: DataObject): void {
    const changes = changesBetween(this.#codec, this.#read(), value);
    for (const { key } of changes) this.#updated.add(key);
    this.replace(value);
  }

  /**
   * What this request has put in by assigning it, and what was not there when it came: all that may go along to another
   * user.
   */
  brought(base: Encoded, seen: Encoded): [string, unknown][] {
    const found = decodeData(this.#codec, base) ?? {};
    const now = decodeData(this.#codec, seen) ?? {};
    return Object.entries(now).filter(([key]) => !Object.hasOwn(found, key) && !this.#updated.has(key));
  }

  /** What a schema is to judge. */
  value(): DataObject {
    return this.#read();
  }

  /**
   * What is stored now takes the place of what was loaded; undefined where the data is the one that was just stored.
   */
  adopt(base: Encoded, value?: DataObject): void {
    if (value) this.replace(value);
    else if (!this.#exposed && !sameEncoded(base, this.#base)) this.#value = undefined;
    this.#base = base;
  }

  /**
   * The same while the application may have gone on changing its data: what it did since the data was encoded as `seen`
   * stays on top.
   */
  adoptUnder(base: Encoded, value: DataObject, seen: Encoded): void {
    const since = this.#exposed ? changesBetween(this.#codec, decodeData(this.#codec, seen) ?? {}, this.#read()) : [];
    this.adopt(base, value);
    if (since.length > 0) applyChanges(this.#read(), since);
  }

  /**
   * Keeps the object that the application may hold, and the values in it that are the same, so that a later change to
   * them is not lost; a frozen one is given up.
   */
  replace(value: DataObject): void {
    const old = this.#value;
    if (old === value) return;
    if (old === undefined || !this.#exposed || Object.isFrozen(old)) this.#value = value;
    else applyChanges(old, changesBetween(this.#codec, old, value));
  }

  /** What is stored now, in place of all that the request has. The object that the application holds shows it. */
  reload(base: Encoded): void {
    this.#base = base;
    const value = decodeData(this.#codec, base);
    if (value) this.replace(value);
  }

  /** What was changed is given up; the object that the application holds stays the same one. */
  revert(): void {
    if (this.#exposed) this.replace(decodeData(this.#codec, this.#base) ?? {});
  }

  /** The request failed: what was changed is given up, and the object can be changed no more. */
  discard(): void {
    this.freeze();
    this.#exposed = false;
    this.#value = undefined;
  }

  /** From here on, a change would come too late for what is being written. */
  freeze(): void {
    if (this.#exposed && this.#value) freeze(this.#value);
  }

  /** The commit failed: whoever knows what to do about it can change the data again. */
  thaw(): void {
    if (this.#exposed) this.#value = decodeData(this.#codec, this.#codec.encode(this.#read())) ?? this.#value;
    this.#late = undefined;
  }

  #read(): DataObject {
    if (this.#value) return this.#value;
    const value = decodeData(this.#codec, this.#base);
    if (!value)
      throw new SessionError(
        "SOJOURN_INVALID_DATA",
        "The session's stored data cannot be read: somebody else has written to it. End the session, or restore its " +
          "record.",
      );
    this.#value = value;
    return value;
  }
}
