/**
 * Floors that keep the promises: written by hand in one file, with the tag or the seal checked, the id hashed, the idle and the
 * absolute deadline, generation and version compared, the check of where a request comes from, the write before the head, no-store
 * and Vary. They leave out rotation, verbs, schemas, hooks, bounds, chunks, merging and every path of an error.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type Data, increment, SECRET } from "../application.ts";
import { send, serve } from "../servers/serve.ts";

const NAME = "__Host-Http-session=";
const ATTRIBUTES = "; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax";
const IDLE_MS = 86_400_000;
const LIFETIME_MS = 30 * IDLE_MS;
const MOST_REMEMBERED = 1_000;
const secret = createSecretKey(Buffer.from(SECRET, "base64url"));

function valueIn(req: IncomingMessage): string | undefined {
  const header = req.headers.cookie;
  const at = header === undefined ? -1 : header.indexOf(NAME);
  if (header === undefined || at === -1) return undefined;
  const end = header.indexOf(";", at);
  return header.slice(at + NAME.length, end === -1 ? header.length : end);
}

const mayChange = (req: IncomingMessage): boolean =>
  req.method === "GET" || req.headers["sec-fetch-site"] === "same-origin";

/** The last values that verified, so that a burst of one client costs one check. */
function remembering<Found>(verify: (value: string) => Found | undefined): (value: string) => Found | undefined {
  const known = new Map<string, Found>();
  return (value) => {
    const before = known.get(value);
    if (before) return before;
    const found = verify(value);
    if (!found) return undefined;
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(value, found);
    return found;
  };
}

interface Row {
  readonly json: string;
  readonly seenAt: number;
  readonly endsAt: number;
  readonly generation: number;
  readonly version: number;
}

interface Proved {
  readonly key: string;
  readonly generation: number;
}

function tagOf(signed: Buffer): Buffer {
  return createHmac("sha256", secret).update(signed).digest().subarray(0, 16);
}

const keyOf = (id: Buffer): string => createHash("sha256").update(id).digest("base64url");

function verifyToken(value: string): Proved | undefined {
  const bytes = Buffer.from(value, "base64url");
  if (bytes.length !== 39 || !timingSafeEqual(tagOf(bytes.subarray(0, 23)), bytes.subarray(23))) return undefined;
  return { key: keyOf(bytes.subarray(1, 19)), generation: bytes.readUInt32BE(19) };
}

function memory(): Server {
  const rows = new Map<string, Row>();
  const verify = remembering(verifyToken);
  const begin = (res: ServerResponse, json: string, now: number): void => {
    const signed = Buffer.concat([Buffer.of(1), randomBytes(18), Buffer.alloc(4)]);
    const value = Buffer.concat([signed, tagOf(signed)]).toString("base64url");
    const row = { json, seenAt: now, endsAt: now + LIFETIME_MS, generation: 0, version: 1 };
    rows.set(keyOf(signed.subarray(1, 19)), row);
    res.setHeader("set-cookie", NAME + value + ATTRIBUTES);
  };
  return serve((req, res) => {
    if (req.url === "/anonymous") return send(res, 0);
    const now = Date.now();
    const value = valueIn(req);
    const proved = value === undefined ? undefined : verify(value);
    const found = proved && rows.get(proved.key);
    const live = found && found.seenAt + IDLE_MS > now && found.endsAt > now && found.generation === proved?.generation;
    const row = live ? found : undefined;
    if (!mayChange(req)) return void res.writeHead(403).end();
    const data = row ? (JSON.parse(row.json) as Data) : {};
    const count = req.url === "/change" ? increment(data) : data.count;
    const json = JSON.stringify(data);
    if (!row || !proved) begin(res, json, now);
    else if (json !== row.json) {
      if (rows.get(proved.key)?.version !== row.version) return void res.writeHead(409).end();
      rows.set(proved.key, { ...row, json, seenAt: now, version: row.version + 1 });
    }
    res.setHeader("cache-control", "no-store");
    res.setHeader("vary", "cookie");
    send(res, count);
  });
}

/** What is sealed: times, generation, and the data as JSON. */
interface Opened {
  readonly seenAt: number;
  readonly endsAt: number;
  readonly json: string;
}

const SEAL = { authTagLength: 16 } as const;
const BOUND = Buffer.from('[1,1,"","stateless","__Host-Http-session"]');

function open(value: string): Opened | undefined {
  const bytes = Buffer.from(value, "base64url");
  if (bytes.length < 30) return undefined;
  try {
    const decipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, 12), SEAL);
    decipher.setAAD(BOUND);
    decipher.setAuthTag(bytes.subarray(-16));
    const plain = decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
    const line = plain.indexOf("\n");
    const [seenAt, endsAt] = JSON.parse(plain.slice(0, line)) as [number, number];
    return { seenAt, endsAt, json: plain.slice(line + 1) };
  } catch {
    return undefined;
  }
}

function seal({ seenAt, endsAt, json }: Opened): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce, SEAL);
  cipher.setAAD(BOUND);
  const body = cipher.update(`[${seenAt},${endsAt}]\n${json}`, "utf8");
  return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

function sealed(): Server {
  const verify = remembering(open);
  return serve((req, res) => {
    if (req.url === "/anonymous") return send(res, 0);
    const now = Date.now();
    const value = valueIn(req);
    const found = value === undefined ? undefined : verify(value);
    const opened = found && found.seenAt + IDLE_MS > now && found.endsAt > now ? found : undefined;
    if (!mayChange(req)) return void res.writeHead(403).end();
    const data = opened ? (JSON.parse(opened.json) as Data) : {};
    const count = req.url === "/change" ? increment(data) : data.count;
    const json = JSON.stringify(data);
    if (json !== opened?.json) {
      const next = seal({ seenAt: now, endsAt: opened?.endsAt ?? now + LIFETIME_MS, json });
      res.setHeader("set-cookie", NAME + next + ATTRIBUTES);
    }
    res.setHeader("cache-control", "no-store");
    res.setHeader("vary", "cookie");
    send(res, count);
  });
}

export const promisingFloors: Record<string, () => Server> = {
  "floor with the promises, memory": memory,
  "floor with the promises, sealed": sealed,
};
