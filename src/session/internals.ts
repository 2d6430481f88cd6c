/**
 * What is behind one `Session`: what the client showed (proof), what the application makes of its data, what the answer
 * will do to the client's copy, and the record as this request last saw it. Only `Session` is public.
 */
import type { Context } from "../context.ts";
import type { Held } from "../record/held.ts";
import type { DataObject, Encoded } from "../record/payload.ts";
import type { SessionKey } from "../record.ts";
import type { Identity } from "../token/identity.ts";
import { newIdentity } from "../token/identity.ts";
import { SessionData } from "./data.ts";
import { FlashMessages } from "./flash.ts";
import type { Proof } from "./proof.ts";
import { SessionResponse } from "./response.ts";
import type { Listener } from "./signal.ts";
import { VerbQueue } from "./verb-queue.ts";

/**
 * - `live`: everything works.
 * - `muted`: the client presented an id that a login replaced, or a logout ended, a moment ago. Anonymous; no cookie is
 *   sent, because the client has, or is about to have, a newer one, and so nothing can be kept.
 * - `readonly`: the store is down and the application asked to go on anonymously.
 * - `ended`: destroyed by this request, or ended elsewhere meanwhile.
 */
export type Phase = "live" | "muted" | "readonly" | "ended";

/** The session of a record, as `open` found it. */
export interface Found {
  readonly identity: Identity;
  readonly held: Held;
  readonly base: Encoded;
  /** Undefined while nobody has had to decode it. */
  readonly value: DataObject | undefined;
  readonly reshaped: boolean;
}

export class Internals {
  readonly context: Context;
  readonly proof: Proof;
  readonly response: SessionResponse = new SessionResponse();
  readonly queue: VerbQueue = new VerbQueue();
  /** True when the client came without a session that is valid. */
  readonly isNew: boolean;
  #data: SessionData;
  #flash: FlashMessages;
  #phase: Phase;
  #identity: Identity | undefined;
  #held: Held | undefined;
  /** Worth a record even while empty: a CSRF token or a link was made for it. */
  #keep = false;
  #listener: Listener | undefined;
  #arrivedAt: number;
  #followed = false;

  constructor(context: Context, proof: Proof, phase: Phase, found?: Found) {
    this.context = context;
    this.proof = proof;
    this.#phase = phase;
    this.#flash = new FlashMessages(context.carries);
    this.#arrivedAt = proof.arrivedAt;
    this.isNew = found === undefined;
    this.#identity = found?.identity;
    this.#held = found?.held;
    this.#data = found ? new SessionData(context.codec, found.base, found.value, found.reshaped) : freshData(context);
  }

  get data(): SessionData {
    return this.#data;
  }

  get flash(): FlashMessages {
    return this.#flash;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get keep(): boolean {
    return this.#keep;
  }

  get listener(): Listener | undefined {
    return this.#listener;
  }

  /** Made when it is first needed; its `id` is empty for a session that was reached by its id. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** What the store has, as far as this request knows; undefined while nothing is stored. */
  get held(): Held | undefined {
    return this.#held;
  }

  /** From when a login of this request counts against revocations. */
  get arrivedAt(): number {
    return this.#arrivedAt;
  }

  /** This request has revoked a user itself: a login of its own that comes after that is not meant. */
  revoked(at: number): void {
    this.#arrivedAt = Math.max(this.#arrivedAt, at);
  }

  /** Whether the session goes on under an id that another request gave it. */
  get followed(): boolean {
    return this.#followed;
  }

  get userId(): string | undefined {
    return this.#held?.times.userId;
  }

  /** The public id of a session that has one. */
  get key(): SessionKey {
    return (this.#identity as Identity).key;
  }

  /** Whether the client's value is one of the session that is held: not after a verb gave that another id. */
  get proven(): boolean {
    return this.proof.transport !== undefined && this.#held !== undefined && this.proof.key === this.#identity?.key;
  }

  /** A new session's name, before anything is stored under it. */
  name(identity: Identity): void {
    this.#identity ??= identity;
  }

  /** A new session that is empty is stored all the same. */
  keepEmpty(): void {
    this.#keep = true;
  }

  /** The record as it was just written or read. */
  hold(held: Held): void {
    this.#held = held;
  }

  /** The session goes on under another id, which the response hands out. */
  moveTo(identity: Identity, held: Held): void {
    this.#identity = identity;
    this.#held = held;
    this.#phase = "live";
    this.#keep = false;
    this.#followed = false;
    // Nobody but a client that had a value before can have got a newer one meanwhile.
    this.response.handOut(this.proof.presents);
    this.#listener?.follow(identity.key);
  }

  /**
   * Another request gave the session another id while this one ran: what is stored goes there, and the client is told
   * nothing.
   */
  followTo(key: SessionKey, held: Held): void {
    this.#followed = true;
    this.#identity = { id: new Uint8Array(), key };
    this.#held = held;
    this.response.withhold();
    this.#listener?.follow(key);
  }

  /** Nothing can be done with it any more. */
  end(): void {
    this.#phase = "ended";
    this.response.withholdValue();
  }

  /** This object can do no more. The client's copy goes, when the session that it stands for was ended here. */
  destroy(ended: boolean): void {
    this.#phase = "ended";
    this.#data.freeze();
    this.#takeAway(ended);
  }

  /** The session is over, and the request goes on as a new, empty, anonymous one. */
  async startOver(ended: boolean): Promise<void> {
    this.#takeAway(ended);
    // The newer cookie that the client may have is dead, too.
    if (ended) this.#phase = "live";
    this.#held = undefined;
    this.#identity = undefined;
    this.#keep = false;
    this.#flash = new FlashMessages(this.context.carries);
    const fresh = freshData(this.context);
    if (this.#data.exposed) {
      // The application may hold the object: it is emptied, and goes on being this session's.
      const value = this.#data.expose();
      this.#data.replace(fresh.value());
      this.#data = new SessionData(this.context.codec, fresh.base, value);
      this.#data.expose();
    } else this.#data = fresh;
    this.#listener?.release();
    this.#listener = undefined;
    if (this.context.namesAhead) this.#identity = await newIdentity();
  }

  #takeAway(ended: boolean): void {
    if (this.#phase === "muted" && !ended) this.response.withhold();
    else this.response.takeAway(ended && this.proof.presents);
  }

  /** The request failed: what it changed in the data, and its messages, are given up. */
  discard(): void {
    this.#data.discard();
    this.#flash.discard();
    this.#keep = false;
  }

  /** What this request has changed so far is given up, and the request goes on. */
  revert(): void {
    this.#data.revert();
    this.#flash.discard();
    if (!this.#held) this.#keep = false;
  }

  /** The session's signal; made when it is first asked for. */
  listen(): Listener {
    if (!this.#listener) {
      this.#listener = this.context.endings.listen();
      if (this.#held) this.#listener.follow(this.key);
      this.proof.source?.onceOver?.(() => this.#listener?.release());
    }
    return this.#listener;
  }
}

function freshData({ shape, codec }: Context): SessionData {
  const { data, base } = shape.initial();
  return new SessionData(codec, base, data);
}
