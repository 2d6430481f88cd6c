/**
 * Moving in from other libraries without logging anybody out.
 *
 * @module
 */
export type { OldSecrets } from "./cryptography.ts";
export { type ImportOptions, importSessions } from "./import-sessions.ts";
export type { CookieOptions, Found, FoundSession, OldCookie, Reader } from "./reader.ts";
export { type AuthJsOptions, authJs } from "./readers/auth-js.ts";
export { h3Session, type IronOptions, type IronPassword, ironSession } from "./readers/iron.ts";
export { cookieSession, koaSession, type SignedCookieOptions } from "./readers/keygrip.ts";
export { authJsDatabase, betterAuth, type LookedUpOptions, lucia, type OldRow } from "./readers/looked-up.ts";
export { fastifySecureSession, type SecureSessionOptions, type SodiumLike } from "./readers/secure-session.ts";
export { expressSession, fastifySession, type OldStore, type StoredIdOptions } from "./readers/stored-id.ts";
