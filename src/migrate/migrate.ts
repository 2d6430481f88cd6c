/**
 * Moving in from other libraries without logging anybody out.
 *
 * @module
 */
export type { OldSecrets } from "./cryptography.ts";
export { type ImportOptions, importSessions } from "./import-sessions.ts";
export type { CookieOptions, Found, FoundSession, OldCookie, Reader } from "./reader.ts";
export { type AuthJsOptions, fromAuthJs, fromNextAuth } from "./readers/auth-js.ts";
export { fromHonoSessions, type HonoSessionsOptions, type HonoStore } from "./readers/hono-sessions.ts";
export { fromH3, fromIronSession, type H3Options, type IronOptions, type IronPassword } from "./readers/iron.ts";
export {
  fromCookieSession,
  fromKoaSession,
  type KoaSessionOptions,
  type KoaStore,
  type SignedCookieOptions,
} from "./readers/keygrip.ts";
export {
  fromAuthJsDatabase,
  fromBetterAuth,
  fromLucia,
  type LookedUpOptions,
  type OldRow,
} from "./readers/looked-up.ts";
export {
  fromReactRouter,
  fromReactRouterStored,
  type ReactRouterOptions,
  type ReactRouterRow,
  type ReactRouterStoredOptions,
} from "./readers/react-router.ts";
export { fromFastifySecureSession, type SecureSessionOptions, type SodiumLike } from "./readers/secure-session.ts";
export { fromExpressSession, fromFastifySession, type OldStore, type StoredIdOptions } from "./readers/stored-id.ts";
