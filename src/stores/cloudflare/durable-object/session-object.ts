/**
 * The class that the platform runs for each object of a store: its requests, its alarm, and what it asks the other
 * objects.
 */
import type { SessionKey } from "../../../record.ts";
import { prepareAll, recordTexts, type SqliteStatement } from "../../sql/sqlite-statements.ts";
import type { AdmitResult } from "../../store.ts";
import type { ObjectState } from "./binding.ts";
import { Objects, type Question } from "./client.ts";
import { endWithin } from "./ends.ts";
import { admitWithin } from "./limited-admission.ts";
import { ownNamespace } from "./own-namespace.ts";
import { prepareShard, type ShardStatements, shardVerbsOver } from "./shard-verbs.ts";
import { prepareStorage, statementOver, TABLES } from "./storage.ts";
import { Turns } from "./turns.ts";
import { verbsOver } from "./verbs.ts";
import type { AllVerbs, Answers, LimitedAdmission, Place, SparingEnd, Surroundings, WideVerbs } from "./wide-verbs.ts";

/** After these there may be something to sweep. */
const INSERTING: ReadonlySet<string> = new Set(["create", "admit", "enter", "replace"]);

/** Milliseconds from one sweep to the next at least: each is a request and a write of its own. */
const SWEEP_EVERY = 600_000;

/** Clocks of two machines may differ; what is late by a minute is absent by `expiresAt` all the same. */
const SLACK = 60_000;

/** Rows of one step, and steps of one sweep: what is left is taken by the next one, at once. */
const STEP = 1000;
const STEPS = 20;

/**
 * The Durable Object of `durableObjectStore`: sessions in the SQLite database of the object, which does one thing after
 * the other, so that every verb is one transaction. Export it from the Worker's module and bind it, with
 * `new_sqlite_classes` in the migration. An alarm removes what expired.
 *
 * It answers nobody but who holds the binding: do not hand requests of visitors on to it.
 *
 * @example
 * ```ts
 * export { SessionObject } from "sojourn/stores/cloudflare";
 * ```
 */
export class SessionObject {
  readonly #state: ObjectState;
  readonly #env: unknown;
  readonly #turns = new Turns();
  #sql: ShardStatements | undefined;
  #alarmSet = false;

  /** Called by the platform. */
  constructor(state: ObjectState, env?: unknown) {
    this.#state = state;
    this.#env = env;
  }

  /** Called by the store. */
  async fetch(request: { json(): Promise<unknown> }): Promise<Response> {
    const { verb, now, args } = (await request.json()) as Question;
    if (verb === "admitWithin")
      return Response.json({ result: await this.#admitWithin(args[0] as LimitedAdmission, now) });
    if (verb === "endWithin") return Response.json({ result: await this.#endWithin(args[0] as SparingEnd, now) });
    const verbs = this.#verbs(now);
    if (!Object.hasOwn(verbs, verb)) return new Response(`no verb ${verb}`, { status: 404 });
    const result = this.#run(verbs, verb, args);
    if (INSERTING.has(verb)) await this.#keepSwept();
    return Response.json({ result });
  }

  /** Called by the platform: removes what expired, and asks to be called again while anything is left. */
  async alarm(): Promise<void> {
    this.#alarmSet = false;
    const now = Date.now();
    const verbs = this.#verbs(now - SLACK);
    let removed = STEP;
    for (let step = 0; step < STEPS && removed === STEP; step++) {
      removed = this.#state.storage.transactionSync(() => verbs.deleteExpired(STEP));
    }
    const [row] = this.#state.storage.sql.exec(`SELECT min(expires_at) AS next FROM ${TABLES.sessions}`).toArray() as {
      next: number | null;
    }[];
    if (typeof row?.next !== "number") return;
    this.#alarmSet = true;
    const next = removed === STEP ? now : Math.max(now + SWEEP_EVERY, row.next + SLACK);
    await this.#state.storage.setAlarm(next);
  }

  #verbs(now: number): Omit<AllVerbs, keyof WideVerbs> {
    if (this.#sql === undefined) {
      const storage = prepareStorage(this.#state);
      const prepare = (text: string): SqliteStatement => statementOver(storage, text);
      this.#sql = prepareShard(prepareAll(recordTexts(TABLES), prepare), prepare);
    }
    return { ...verbsOver(this.#sql, now), ...shardVerbsOver(this.#sql, now) };
  }

  #run(verbs: object, verb: string, args: readonly unknown[]): unknown {
    const call = (verbs as Record<string, (...args: readonly unknown[]) => unknown>)[verb];
    return this.#state.storage.transactionSync(() => call?.(...args));
  }

  #admitWithin(admission: LimitedAdmission, now: number): Promise<AdmitResult> {
    const { userId } = admission.record;
    const surroundings = this.#surroundings(admission.place, userId, now);
    return this.#turns.run(userId, async () => {
      const result = await admitWithin(admission, surroundings);
      if (surroundings.of(admission.key) === surroundings.own) await this.#keepSwept();
      return result;
    });
  }

  #endWithin(end: SparingEnd, now: number): Promise<readonly SessionKey[] | null> {
    const surroundings = this.#surroundings(end.place, end.userId, now);
    return this.#turns.run(end.userId, () => endWithin(end, surroundings));
  }

  #surroundings(place: Place, userId: string, now: number): Surroundings {
    const objects = new Objects(ownNamespace(this.#env, this.#state.id.toString()), place);
    const own = objects.of(userId);
    const ask: Answers = async (index, verb, ...args) =>
      // What is asked of itself is not worth a request.
      index === own ? (this.#run(this.#verbs(now), verb, args) as never) : objects.ask(index, now, verb, ...args);
    return { ask, own, all: objects.all, of: (text) => objects.of(text) };
  }

  async #keepSwept(): Promise<void> {
    if (this.#alarmSet) return;
    this.#alarmSet = true;
    const { storage } = this.#state;
    if ((await storage.getAlarm()) === null) await storage.setAlarm(Date.now() + SWEEP_EVERY);
  }
}
