/**
 * The `secrets` option in all its forms, and where it comes from when it is not given.
 */
import { SessionError } from "../errors.ts";
import { encode } from "./base64url.ts";
import { developmentSecret } from "./development-secret.ts";
import { readSecret } from "./secret.ts";

/** Keys by name, for rotation without a logout. */
export interface SecretRing {
  /** The name of the key that signs and seals. All the others only read. */
  readonly active: string;
  /** `k0` to `k255`; the number travels with every token, so a name is never given to another secret. */
  readonly keys: Readonly<Record<string, string | Uint8Array>>;
  /** Keys whose tokens are refused. They need no secret any more; one that is still in `keys` is not read. */
  readonly revoked?: readonly string[] | undefined;
}

/**
 * What signs tokens and seals cookies: at least 32 random bytes, as `npx sojourn secret` makes them.
 *
 * - A text in base64url, base64 or hex, or the bytes: the ring of the one key `k1`.
 * - A ring: `{ active: "k2", keys: { k2: …, k1: … }, revoked: ["k0"] }`.
 * - The ring in one text, for an environment variable: `k2:…,k1:…,!k0`. The first key is the active one,
 *   `!` marks a revoked name.
 *
 * To change keys without logging anybody out, roll out three times:
 *
 * 1. `k1:…,k2:…` – every process learns to read `k2`, none uses it.
 * 2. `k2:…,k1:…` – once all run step 1: `k2` signs, `k1` still reads.
 * 3. `k2:…` – once the absolute lifetime has passed since step 2: nothing signed by `k1` is left.
 *
 * After a leak go to `k2:…,!k1` at once: everybody is logged out, and that is the purpose.
 */
export type Secrets = string | Uint8Array | SecretRing;

/** Secrets that were read and found good. */
export interface KeyMaterial {
  readonly active: string;
  /** The active key and those that only read; without the revoked. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  readonly revoked: ReadonlySet<string>;
}

const NAME = /^k(?:0|[1-9]\d{0,2})$/;

/** The number in a key's name, 0 to 255; undefined for what is not a name. */
export function kidOf(name: string): number | undefined {
  const kid = NAME.test(name) ? Number(name.slice(1)) : 256;
  return kid < 256 ? kid : undefined;
}

/**
 * Reads and checks every form of the option.
 *
 * @throws SessionError SOJOURN_WEAK_SECRET for what could be guessed, SOJOURN_INVALID_OPTION for the rest.
 */
export function readSecrets(secrets: Secrets, option = "secrets"): KeyMaterial {
  const ring = toRing(secrets, option);
  const active = checkName(ring.active, `${option}.active`);
  const revoked = new Set((ring.revoked ?? []).map((name) => checkName(name, `${option}.revoked`)));
  if (revoked.has(active)) throw invalid(`${option}.revoked`, "names other than the active key's", active);
  const keys = new Map<string, Uint8Array>();
  const names = new Map<string, string>();
  for (const [name, secret] of Object.entries(ring.keys)) {
    checkName(name, `${option}.keys`);
    if (revoked.has(name)) continue;
    const place = placeOf(secrets, option, name);
    if (typeof secret !== "string" && !isBytes(secret)) throw invalid(place, "a text or a Uint8Array", kindOf(secret));
    const bytes = readSecret(secret, place);
    const twin = names.get(encode(bytes));
    if (twin !== undefined) throw invalid(place, "a secret of its own", `the one of ${twin}`);
    names.set(encode(bytes), name);
    keys.set(name, bytes);
  }
  if (!keys.has(active)) throw invalid(`${option}.active`, `a name that "${option}.keys" has`, active);
  return { active, keys, revoked };
}

/** Where a key's secret was written, for messages. */
function placeOf(secrets: Secrets, option: string, name: string): string {
  if (isBytes(secrets)) return option;
  if (typeof secrets === "string") return isTextRing(secrets) ? `${option}, key ${name}` : option;
  return `${option}.keys.${name}`;
}

/** No spelling of a secret has one of these three characters. */
function isTextRing(text: string): boolean {
  return /[:,!]/.test(text);
}

/** The option in its longest form: a plain secret as the ring of one key, a text taken apart. Checks no secret yet. */
export function toRing(secrets: Secrets, option: string): SecretRing {
  if (isBytes(secrets)) return { active: "k1", keys: { k1: secrets } };
  if (typeof secrets === "string")
    return isTextRing(secrets) ? parseRing(secrets, option) : { active: "k1", keys: { k1: secrets } };
  if (!isObject(secrets)) throw invalid(option, "a secret or a ring { active, keys, revoked }", kindOf(secrets));
  const { keys, revoked } = secrets;
  if (!isObject(keys)) throw invalid(`${option}.keys`, 'secrets by name, such as { k1: "…" }', kindOf(keys));
  if (revoked !== undefined && !Array.isArray(revoked))
    throw invalid(`${option}.revoked`, 'a list of names, such as ["k0"]', kindOf(revoked));
  return secrets;
}

/**
 * The environment form: `k2:<secret>,k1:<secret>,!k0`.
 *
 * @throws SessionError SOJOURN_INVALID_OPTION, naming the entry by its position.
 */
function parseRing(text: string, option: string): SecretRing {
  const keys: Record<string, string> = {};
  const revoked: string[] = [];
  for (const [i, entry] of text.split(",").entries()) {
    const [, mark, name = "", secret] = /^\s*(!?)(k\d+)\s*(?::(.*))?$/s.exec(entry) ?? [];
    if (kidOf(name) === undefined || (mark === "!") !== (secret === undefined))
      throw invalid(
        option,
        '"k2:<secret>,k1:<secret>,!k0" with names from k0 to k255',
        `an entry ${i + 1} of another form`,
      );
    if (name in keys || revoked.includes(name)) throw invalid(option, "each name once", `${name} twice`);
    if (secret === undefined) revoked.push(name);
    else keys[name] = secret.trim();
  }
  const [active] = Object.keys(keys);
  if (active === undefined) throw invalid(option, "one key at least", "revoked names only");
  return { active, keys, revoked };
}

/**
 * The secrets to use: those given, else the environment variable `SOJOURN_SECRET`, else, outside
 * production, one that is made once and kept in `.sojourn/secret`.
 *
 * @throws SessionError SOJOURN_INVALID_OPTION in production (`NODE_ENV`) without a secret, and
 * everywhere where a development secret cannot be kept; what `readSecrets` throws for the variable.
 */
export function resolveSecrets(secrets: Secrets | undefined): Secrets {
  if (secrets !== undefined) return secrets;
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env ?? {};
  const text = environment.SOJOURN_SECRET?.trim();
  if (text) {
    // Read here so that a mistake is reported under the name of the variable.
    readSecrets(text, "SOJOURN_SECRET");
    return text;
  }
  if (environment.NODE_ENV !== "production") return developmentSecret();
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "secrets": expected a secret, in the option or in the environment variable SOJOURN_SECRET, found none, ' +
      "and NODE_ENV is production. Make one with: npx sojourn secret",
  );
}

/** The name, where it is one. What is not may be a secret in the wrong place and is not repeated. */
function checkName(name: unknown, option: string): string {
  if (typeof name === "string" && kidOf(name) !== undefined) return name;
  throw invalid(option, "a key's name, k0 to k255", kindOf(name));
}

/** Says what was found by its kind: any value here may be a secret. */
function invalid(option: string, expected: string, found: string): SessionError {
  return new SessionError(
    "SOJOURN_INVALID_OPTION",
    `Option "${option}": expected ${expected}, found ${found}. A new secret or ring comes from: npx sojourn secret`,
  );
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (typeof value === "string") return `a text of ${value.length} characters`;
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By its tag, so that bytes of another realm count. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]";
}
