/**
 * A store that logs its own calls: which call of a history each verb is, and what its answer says of the session.
 */
import type { SessionKey, SessionRecord, Version } from "../../record.ts";
import type { Admission, Store, UserStore } from "../../stores/store.ts";
import type { HistoryAnswer } from "./event.ts";
import type { RecordedClient } from "./recorder.ts";

/** As `deleteAll` and `clear` of the contract have it. */
const DEFAULT_LIMIT = 1000;

type Verb = (...args: never[]) => Promise<unknown>;

/**
 * A store whose calls are recorded as those of this client: what a session holds is the record's payload. Give every
 * write a payload of its own, and keep `clear` and `deleteAll` below their limits, or they count as not answered. The
 * listings, the sweeps and `watch` are handed on without a word, and so is the time: let nothing expire while it is
 * recorded.
 *
 * @param inner The store that is asked.
 * @param client One client for each wrapped store; several may wrap the same one.
 *
 * @example
 * ```ts
 * const recorder = historyRecorder();
 * const inner = memoryStore();
 * const store = recordingStore(inner, recorder.client("c1"));
 * await store.create("s1", { payload: "a", createdAt: 0, seenAt: 0, expiresAt: Date.now() + 60_000 });
 * await store.delete("s1");
 * recorder.events.length; // → 4
 * checkHistory(recorder.events).verdict; // → "legal"
 * ```
 */
export function recordingStore<S extends Store>(inner: S, client: RecordedClient): S {
  const verbs = recordedVerbs(inner, client);
  return new Proxy(inner, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (typeof name === "string" && Object.hasOwn(verbs, name) && verbs[name]) || value.bind(target);
    },
  });
}

function recordedVerbs(inner: Store, client: RecordedClient): Readonly<Record<string, Verb>> {
  /** What was read or written under a version, for a compare-and-set names that only. */
  const payloads = new Map<string, string>();
  const name = (key: SessionKey, version: Version): string => `${key} ${typeof version} ${version}`;
  const learn = (key: SessionKey, version: Version, { payload }: SessionRecord): void => {
    payloads.set(name(key, version), payload);
  };
  const payloadOf = (
    key: SessionKey,
    record: (SessionRecord & { readonly version: Version }) | null,
  ): HistoryAnswer => {
    if (record) learn(key, record.version, record);
    return { value: record?.payload ?? null };
  };
  return {
    get: (key: SessionKey) =>
      client.run(
        { op: "read", key },
        () => inner.get(key),
        (found) => payloadOf(key, found),
      ),
    create: (key: SessionKey, record: SessionRecord) =>
      client.run(
        { op: "create", key, value: record.payload, user: record.userId },
        () => inner.create(key, record),
        (version) => {
          if (version !== null) learn(key, version, record);
          return { value: version !== null };
        },
      ),
    update: async (key: SessionKey, record: SessionRecord, expected: Version) => {
      const before = payloads.get(name(key, expected));
      const value = record.payload;
      const pending = client.invoke(
        before === undefined ? { op: "write", key, value } : { op: "compareAndSet", key, expected: before, value },
      );
      const result = await orUnknown(pending, () => inner.update(key, record, expected));
      if (result.status === "ok") learn(key, result.version, record);
      const current = result.status === "conflict" ? payloadOf(key, result.current).value : undefined;
      if (before !== undefined) pending.ok({ value: result.status, ...(typeof current === "string" && { current }) });
      else if (result.status === "conflict") pending.fail("a version that this client has not seen");
      else pending.ok({ value: result.status === "ok" });
      return result;
    },
    touch: (key: SessionKey, seenAt: number, expiresAt: number) =>
      client.run({ op: "valid", key }, () => inner.touch(key, seenAt, expiresAt), asValue),
    delete: (key: SessionKey) => client.run({ op: "delete", key }, () => inner.delete(key), asValue),
    ...bulkVerbs(inner as UserStore & { clear: BulkVerb }, client, learn),
  };
}

type BulkVerb = (options?: { readonly limit?: number | undefined }) => Promise<readonly SessionKey[]>;

function bulkVerbs(
  inner: UserStore & { clear: BulkVerb },
  client: RecordedClient,
  learn: (key: SessionKey, version: Version, record: SessionRecord) => void,
): Readonly<Record<string, Verb>> {
  /** Between which instants an epoch was read: what was under way by then, a later revocation ends. */
  const read = new Map<string, { readonly from: number; readonly until: number }>();
  return {
    epoch: async (user: string) => {
      const from = client.now();
      const epoch = await inner.epoch(user);
      read.set(JSON.stringify([user, epoch]), { from, until: client.now() });
      return epoch;
    },
    admit: async (key: SessionKey, record: SessionRecord & { readonly userId: string }, admission: Admission) => {
      const { userId: user, payload: value } = record;
      const began = read.get(JSON.stringify([user, admission.epoch]));
      const limited = admission.limit === undefined ? {} : { mayEvict: true };
      const pending = client.invoke({ op: "login", key, user, value, ...limited }, began?.from);
      if (began) pending.begun(began.until);
      const result = await orUnknown(pending, () => inner.admit(key, record, admission));
      if (result.status === "ok") {
        learn(key, result.version, record);
        pending.ok({ value: true, evicted: result.evicted });
      } else if (result.status === "exists") pending.ok({ value: false });
      else pending.fail(result.status);
      return result;
    },
    deleteAll: (user: string, options: { readonly except?: SessionKey; readonly limit?: number } = {}) =>
      ended(client.invoke({ op: "revokeUser", user, except: options.except }), options.limit, () =>
        inner.deleteAll(user, options),
      ),
    clear: (options: { readonly limit?: number } = {}) =>
      ended(client.invoke({ op: "revokeAll" }), options.limit, () => inner.clear(options)),
  };
}

type Pending = ReturnType<RecordedClient["invoke"]>;

/**
 * At its limit it may have left some, which a later call will end or nobody. Null: it was refused, and ended nothing.
 */
async function ended<Keys extends readonly SessionKey[] | null>(
  pending: Pending,
  limit: number | undefined,
  call: () => Promise<Keys>,
): Promise<Keys> {
  const keys = await orUnknown(pending, call);
  if (keys === null) pending.fail("the session to spare is none of the user's");
  else if (keys.length < (limit ?? DEFAULT_LIMIT)) pending.ok();
  else pending.unknown("at its limit");
  return keys;
}

async function orUnknown<T>(pending: Pending, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    pending.unknown(String(error));
    throw error;
  }
}

function asValue(value: boolean): HistoryAnswer {
  return { value };
}
