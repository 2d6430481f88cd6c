/**
 * Moving in from other libraries without logging anybody out.
 *
 * @module
 */
export type { OldSecrets } from "./cryptography.ts";
export { type ImportOptions, importSessions } from "./import-sessions.ts";
export type { CookieOptions, Found, FoundSession, OldCookie, Reader } from "./reader.ts";
export { type AuthJsOptions, fromAuthJs } from "./readers/auth-js.ts";
export { fromH3, fromIronSession, type IronOptions, type IronPassword } from "./readers/iron.ts";
export { fromCookieSession, fromKoaSession, type SignedCookieOptions } from "./readers/keygrip.ts";
export {
  fromAuthJsDatabase,
  fromBetterAuth,
  fromLucia,
  type LookedUpOptions,
  type OldRow,
} from "./readers/looked-up.ts";
export { fromFastifySecureSession, type SecureSessionOptions, type SodiumLike } from "./readers/secure-session.ts";
export { fromExpressSession, fromFastifySession, type OldStore, type StoredIdOptions } from "./readers/stored-id.ts";
