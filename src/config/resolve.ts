/**
 * Options, checked once and turned into what requests need. Everything that cannot work is said here,
 * at start, and names the option.
 */

import { platform } from "#crypto";
import { isPromise } from "../awaitable.ts";
import { stampsOf, systemClock } from "../clock.ts";
import { jsonCodec } from "../codec/json.ts";
import type { Context, Mode } from "../context.ts";
import { createKeyRing, type KeyRing } from "../crypto/keyring.ts";
import { resolveSecrets } from "../crypto/secrets.ts";
import { resolveCsrf } from "../csrf/policy.ts";
import type { Duration } from "../duration.ts";
import { invalidKind, invalidOption } from "../errors.ts";
import { createEmitter } from "../events.ts";
import { type Ask, createAsk } from "../record/deadline.ts";
import type { Held } from "../record/held.ts";
import { createKeyQueue } from "../record/key-queue.ts";
import { eitherPayload, type PayloadFormat, plainPayload, sealedPayload } from "../record/payload.ts";
import { Records } from "../record/records.ts";
import { createShape } from "../record/schema.ts";
import { MOST_DATA_BYTES } from "../record/size.ts";
import type { SessionKey } from "../record.ts";
import { describeDevice } from "../session/device.ts";
import { createEndings } from "../session/signal.ts";
import { isUserStore, type Store } from "../stores/store.ts";
import { tokenBearer } from "../token/opaque.ts";
import { sealedBearer } from "../token/sealed.ts";
import { createVerify } from "../token/verify.ts";
import { carryDataInCookie } from "../transport/carry-in-cookie.ts";
import { cookieTransport } from "../transport/cookie.ts";
import type { HeaderOp, Transport } from "../transport/transport.ts";
import { adviseOnReturn, adviseOnStore, adviseOnStrangers } from "./advice.ts";
import { resolveLifetime } from "./lifetime.ts";
import type { AnyOptions, StoreOptions } from "./options.ts";
import { checkOptions, choiceOf, durationOf } from "./read.ts";
import { statelessStore } from "./stateless-store.ts";

/** A stateless cookie from further in the future than clocks of one fleet differ was not made by a clock. */
const CLOCK_SKEW_MS = 60_000;

const VERBS = ["get", "create", "update", "touch", "delete"] as const;

export function resolveOptions<Data extends object>(options: AnyOptions<Data>): Context {
  checkOptions(options);
  const { clock = systemClock, codec = jsonCodec, audience = "" } = options;
  const mode = modeOf(options);
  const store = options.store ?? statelessStore;
  const given: Partial<StoreOptions<Data>> = mode === "stateless" ? {} : (options as StoreOptions<Data>);
  const ring = createKeyRing(resolveSecrets(options.secrets), { audience });
  if (mode !== "stateless") adviseOnStore(store);
  const transports = transportsOf(options, mode);
  const place = placeOf(transports);
  const cacheControl = options.cacheControl ?? "no-store";
  const emit = adviseOnStrangers(createEmitter(options.hooks ?? {}));
  const rotateEvery = mode === "stateless" ? Number.POSITIVE_INFINITY : durationOf("rotateEvery", given.rotateEvery);
  const storeTimeout = durationOf("storeTimeout", given.storeTimeout);
  // A cookie always answers.
  const ask: Ask = mode === "stateless" ? (_verb, call) => call() : createAsk(store.name, storeTimeout, emit);
  const bearer = bearerOf(mode, ring, audience, place);
  const shape = createShape(options, codec);
  const queue = createKeyQueue();
  const { carries } = bearer;
  const keeps = { nothing: "everything", data: "meta", everything: "nothing" } as const;
  const payload = payloadOf(given.encryptAtRest, ring);
  const records = new Records({ store, ask, payload, codec, shape, queue, keeps: keeps[carries] });
  // A cookie tells of nothing that happens elsewhere.
  const lives = mode === "stateless" ? async () => true : async (key: SessionKey) => isLive(await records.find(key));
  const endings = createEndings(store, lives, durationOf("lookEvery", given.lookEvery));
  const context: Context = {
    mode,
    records,
    graveyard: { records, initialEncoded: shape.initialEncoded, clock, emit, ...endings },
    bearer,
    carries,
    verify: createVerify(bearer, codec),
    codec,
    mostDataBytes: options.maxDataBytes ?? MOST_DATA_BYTES,
    shape,
    transports,
    lifetime: resolveLifetime(options),
    mostSkewMs: mode === "stateless" ? CLOCK_SKEW_MS : Number.POSITIVE_INFINITY,
    rotateEvery,
    rotationGrace: graceOf(given.rotationGrace, rotateEvery),
    onReuse: choiceOf("onReuse", given.onReuse),
    onOutage: choiceOf("onOutage", given.onOutage),
    limit: limitOf(options.maxSessionsPerUser, store),
    onLimit: choiceOf("onLimit", options.onLimit),
    caching: {
      set: cachingHeaders("set", cacheControl, transports),
      default: cachingHeaders("default", cacheControl, transports),
    },
    device: options.device ?? describeDevice,
    csrf: options.csrf === false ? undefined : resolveCsrf(options.csrf),
    ring,
    clock,
    emit,
    queue,
    endings,
    stamp: stampsOf(clock),
    namesAhead: platform.sha256(new Uint8Array()) instanceof Promise,
  };
  return Object.freeze(context);
}

function bearerOf(mode: Mode, ring: KeyRing, audience: string, place: string): Context["bearer"] {
  if (mode === "server") return tokenBearer(ring, place);
  return sealedBearer({ ring, audience, place, everything: mode === "stateless" });
}

function transportsOf<Data extends object>(options: AnyOptions<Data>, mode: Mode): Context["transports"] {
  if (options.transports && options.cookie)
    throw invalidOption(
      "cookie",
      options.cookie,
      "nothing beside `transports`: give it to the `cookieTransport` there",
    );
  const make = mode === "server" ? cookieTransport : carryDataInCookie;
  return options.transports ?? [adviseOnReturn(make(options.cookie), !options.cookie?.insecure)];
}

/** What values are bound to: the first cookie's name, wherever in the list it stands, for a header may come first. */
function placeOf(transports: Context["transports"]): string {
  const placed = transports.find(({ ambient, place }) => ambient && place !== undefined) ?? transports[0];
  return placed.place ?? placed.name;
}

function isLive(held: Held | undefined): boolean {
  return held !== undefined && !held.content.meta.tombstone;
}

function modeOf<Data extends object>(options: AnyOptions<Data>): Mode {
  const { store, data } = options as { readonly store?: Store; readonly data?: string };
  if (!store) {
    if (data === "store") throw invalidOption("store", store, 'a store, because `data` is "store"');
    return "stateless";
  }
  if (isPromise<unknown>(store)) throw invalidKind("store", store, "a store (await what openStore and its like give)");
  for (const verb of VERBS) {
    if (typeof store[verb] !== "function")
      throw invalidOption("store", store, `an object with the method "${verb}" (see the interface Store)`);
  }
  return data === "cookie" ? "tracked" : "server";
}

function limitOf(limit: number | undefined, store: Store): number | undefined {
  if (limit === undefined) return undefined;
  if (!isUserStore(store))
    throw invalidOption("maxSessionsPerUser", limit, `nothing, because the ${store.name} store has no user index`);
  return limit;
}

function graceOf(grace: Duration | undefined, rotateEvery: number): number {
  const ms = durationOf("rotationGrace", grace);
  if (ms > rotateEvery)
    throw invalidOption("rotationGrace", grace, "at most `rotateEvery`: only one predecessor is honoured");
  return ms;
}

function payloadOf(encryptAtRest: StoreOptions<object>["encryptAtRest"] = false, ring: KeyRing): PayloadFormat {
  const sealed = sealedPayload({
    active: async () => ({ kid: ring.active.kid, xaes: await ring.active.xaes("record") }),
    find: (kid) => (ring.isRevoked(kid) ? undefined : ring.find(kid)?.xaes("record")),
  });
  if (encryptAtRest === true) return sealed;
  if (encryptAtRest === "from-now-on") return eitherPayload(sealed, sealed);
  return eitherPayload(plainPayload, sealed);
}

/** What caches are told of a response that depends on the session. */
function cachingHeaders(
  op: "set" | "default",
  cacheControl: string,
  transports: readonly Transport[],
): readonly HeaderOp[] {
  const headers: HeaderOp[] = [{ op, name: "cache-control", value: cacheControl }];
  for (const { vary } of transports) if (vary) headers.push({ op: "merge", name: "vary", value: vary });
  return Object.freeze(headers.map((header) => Object.freeze(header)));
}
