/**
 * What an application can configure. Each option says its unit, default, bound and consequence; they are
 * checked by the table (`table.ts`, `read.ts`), and what cannot work together does not compile either.
 */
import type { Clock } from "../clock.ts";
import type { Codec } from "../codec/codec.ts";
import type { Secrets } from "../crypto/secrets.ts";
import type { CsrfOptions } from "../csrf/policy.ts";
import type { Duration } from "../duration.ts";
import type { Hooks } from "../events.ts";
import type { LifetimeOptions } from "../record/lifetime.ts";
import type { Device } from "../record/meta.ts";
import type { ShapeOptions } from "../record/schema.ts";
import type { ScanStore, Store, UserStore } from "../stores/store.ts";
import type { CookieTransportOptions } from "../transport/cookie.ts";
import type { RequestSource, Transport } from "../transport/transport.ts";

/** Options of every mode. */
export interface BaseOptions<Data extends object> extends LifetimeOptions, ShapeOptions<Data> {
  /**
   * The key ring, or one key: 32 random bytes or more, as bytes or text. `npx sojourn secret` prints one in each form.
   * Default: the environment's `SOJOURN_SECRET`; in development, one that is made and kept in `.sojourn/`. Another
   * secret without the old one beside it logs everybody out.
   */
  readonly secrets?: Secrets | undefined;
  /**
   * Keeps two applications that share a secret apart: a token of one is noise to the other. Default "". A change logs
   * everybody out.
   */
  readonly audience?: string | undefined;
  /**
   * The session cookie. Default `__Host-Http-session`, Secure, HttpOnly, SameSite=Lax, Path=/, kept until the absolute
   * deadline. Refused beside `transports`: give it to the `cookieTransport` there. Another `name`, `domain` or `path`
   * logs everybody out.
   */
  readonly cookie?: CookieTransportOptions | undefined;
  /**
   * Other ways to travel than the cookie, or beside it; the first that proves a session wins, and the first carries new
   * ones. Default: the cookie alone. Without the one that carries a session, it is logged out.
   */
  readonly transports?: readonly [Transport, ...Transport[]] | undefined;
  /**
   * How data is serialised. Default JSON; `sojourn/codecs/devalue`, `/cbor` and `/xml` know more types. Another one
   * logs everybody out.
   */
  readonly codec?: Codec | undefined;
  /**
   * The most that a session's data may take, in bytes as the codec writes it, 1024 or more. Default 1,048,576 (1 MiB).
   * What would be larger is refused with SOJOURN_TOO_LARGE before anything of it is stored; data that was stored under
   * a larger bound can be read and made smaller.
   */
  readonly maxDataBytes?: number | undefined;
  /** Cross-site request forgery: what adapters refuse. `false` leaves it to the application. Default: on. */
  readonly csrf?: CsrfOptions | false | undefined;
  /**
   * What is kept about the device at login. Default: browser, system and network by `describeDevice`, which knows the
   * common browsers; `bowserDevice` of `sojourn/devices` names in-app browsers, web views and robots as well.
   */
  readonly device?: ((source: RequestSource) => Device | undefined) | undefined;
  /**
   * `Cache-Control` of every response whose request used the session. Default "no-store"; an application's own value
   * stays, unless the session's cookie is sent.
   */
  readonly cacheControl?: string | undefined;
  /**
   * Called on what happens to sessions; the same goes to `node:diagnostics_channel` as `sojourn:<type>`. Default: none.
   */
  readonly hooks?: Hooks | undefined;
  /** Milliseconds since the epoch. Default `Date.now`; give the store the same one. */
  readonly clock?: Clock | undefined;
}

/** Options of a session that a store knows. */
export interface StoreOptions<Data extends object> extends BaseOptions<Data> {
  /**
   * Where records are kept; its capabilities decide which verbs the sessions have. Another one logs everybody out,
   * unless `migratingStore` is between.
   */
  readonly store: Store;
  /**
   * Where the data is: in the "store", or sealed in the "cookie" while the store keeps a small record that can be
   * revoked. Default "store". A change logs everybody out.
   */
  readonly data?: "store" | "cookie" | undefined;
  /**
   * A new generation of the token after so long, and not before the last one was seen for `rotationGrace`; a copied one
   * is then found out. Default 1 h, at least 1 min.
   */
  readonly rotateEvery?: Duration | undefined;
  /**
   * How long the predecessor still works once its successor was seen, for requests that were under way. Default 30 s, 0
   * to 5 min, at most `rotateEvery`.
   */
  readonly rotationGrace?: Duration | undefined;
  /**
   * What follows when an older generation is replayed: end the session, or only tell the hook `reuse`. Default
   * "revoke".
   */
  readonly onReuse?: "revoke" | "report" | undefined;
  /**
   * What a request gets when the store is down: an error (503), or an anonymous session that cannot be written. Default
   * "error".
   */
  readonly onOutage?: "error" | "anonymous" | undefined;
  /** How long one operation of the store may take. Default 2 s, 1 ms to 30 s. */
  readonly storeTimeout?: Duration | undefined;
  /**
   * How often sessions whose `signal` is in use are looked at, beside what the store pushes. Default 30 s, 1 s to 1 d.
   */
  readonly lookEvery?: Duration | undefined;
  /**
   * Seals each payload with a key from the ring, bound to its record. Default false. A store that is in use is switched
   * over by "from-now-on", which still believes rows in clear; set `true` after the longest `lifetime`. At once, `true`
   * logs everybody out. The way back is the same: "from-now-on" in every process first, then `false`, which reads
   * sealed rows, too; processes with `true` that still run take a row in clear for a corrupt one.
   */
  readonly encryptAtRest?: boolean | "from-now-on" | undefined;
}

/** What only a store with a user index can do. */
export interface LimitOptions {
  /** The most sessions that one user may have, 1 or more. Default: no limit. */
  readonly maxSessionsPerUser?: number | undefined;
  /**
   * At the limit, a login ends the user's oldest session or is refused with SOJOURN_SESSION_LIMIT. Default
   * "evict-oldest".
   */
  readonly onLimit?: "evict-oldest" | "reject" | undefined;
}

/** Options that have no meaning without a store; named so that giving one does not compile. */
type NoStore = {
  readonly [Key in
    | Exclude<keyof StoreOptions<object>, keyof BaseOptions<object> | "store" | "data">
    | keyof LimitOptions]?: undefined;
};

/**
 * All of the session is in the cookie. Nothing can be revoked: use it where a stolen cookie may live as long as the
 * session.
 */
export interface StatelessOptions<Data extends object> extends BaseOptions<Data>, NoStore {
  /**
   * Not given (the default), not even as `undefined`: a variable that is not set must not make sessions that nobody can
   * revoke.
   */
  readonly store?: never;
  /** Where the data is; without a store there is one place. Default "cookie". */
  readonly data?: "cookie" | undefined;
}

/** What a new session's data is. Required when the type has keys that must be there. */
export type InitialOption<Data extends object> =
  Record<never, never> extends Data
    ? { readonly initial?: (() => Data) | undefined }
    : { readonly initial: () => Data };

/** Any valid combination, as the implementation sees it. */
export type AnyOptions<Data extends object> = (StoreOptions<Data> | StatelessOptions<Data>) &
  LimitOptions & { readonly initial?: (() => object) | undefined };

export type FullStore = UserStore & ScanStore;
