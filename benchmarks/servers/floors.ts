/**
 * Floors: the least code that keeps a session on `node:http`, written for this benchmark and for nothing else. No
 * rotation, no revocation, no limits, no merging, no tag on the id, no CSRF check, no errors: what is left cannot be left out.
 * They find their cookie by `indexOf`, hold JSON, compare it to see a change, keep an idle time, and say `no-store`.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import Database from "libsql";
import { type Data, increment, SECRET } from "../application.ts";
import { type MakeServer, send, serve } from "./serve.ts";

const NAME = "__Host-Http-session=";
const ATTRIBUTES = "; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax";
const IDLE_MS = 86_400_000;

function cookieOf(req: IncomingMessage): string | undefined {
  const header = req.headers.cookie;
  const at = header === undefined ? -1 : header.indexOf(NAME);
  if (header === undefined || at === -1) return undefined;
  const end = header.indexOf(";", at);
  return header.slice(at + NAME.length, end === -1 ? header.length : end);
}

/** Where the JSON is kept; in a cookie the key is the value itself. */
interface Place {
  load(key: string, now: number): string | undefined;
  /** The key from now on. */
  save(key: string | undefined, json: string, now: number): string;
}

function floor(place: Place): ReturnType<MakeServer> {
  return serve((req: IncomingMessage, res: ServerResponse) => {
    if (req.url === "/anonymous") return send(res, 0);
    const now = Date.now();
    const key = cookieOf(req);
    const before = key === undefined ? undefined : place.load(key, now);
    const data = before === undefined ? {} : (JSON.parse(before) as Data);
    const count = req.url === "/change" ? increment(data) : data.count;
    const after = JSON.stringify(data);
    if (after !== before) {
      const next = place.save(before === undefined ? undefined : key, after, now);
      if (next !== key) res.setHeader("set-cookie", NAME + next + ATTRIBUTES);
    }
    res.setHeader("cache-control", "no-store");
    send(res, count);
  });
}

function memory(): Place {
  const records = new Map<string, { json: string; expiresAt: number }>();
  return {
    load(key, now) {
      const record = records.get(key);
      return record && record.expiresAt > now ? record.json : undefined;
    },
    save(key = randomBytes(18).toString("base64url"), json, now) {
      records.set(key, { json, expiresAt: now + IDLE_MS });
      return key;
    },
  };
}

function sqlite(file: string): Place {
  const database = new Database(file);
  database.prepare("PRAGMA journal_mode = WAL").all();
  database.prepare("PRAGMA synchronous = FULL").all();
  database.exec("CREATE TABLE sessions (key TEXT PRIMARY KEY, json TEXT NOT NULL, expires_at INTEGER NOT NULL)");
  const get = database.prepare("SELECT json FROM sessions WHERE key = ? AND expires_at > ?");
  const put = database.prepare("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)");
  return {
    load: (key, now) => (get.get(key, now) as { json: string } | undefined)?.json,
    save(key = randomBytes(18).toString("base64url"), json, now) {
      put.run(key, json, now + IDLE_MS);
      return key;
    },
  };
}

function aesGcm(): Place {
  const secret = createSecretKey(Buffer.from(SECRET, "base64url"));
  const options = { authTagLength: 16 } as const;
  return {
    load(value, now) {
      const bytes = Buffer.from(value, "base64url");
      const decipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, 12), options);
      decipher.setAuthTag(bytes.subarray(-16));
      const plain = decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
      const line = plain.indexOf("\n");
      return Number(plain.slice(0, line)) > now ? plain.slice(line + 1) : undefined;
    },
    save(_key, json, now) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", secret, nonce, options);
      const body = cipher.update(`${now + IDLE_MS}\n${json}`, "utf8");
      return Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()]).toString("base64url");
    },
  };
}

export const floors: Record<string, MakeServer> = {
  "node:http": () => serve((_req, res) => send(res, 0)),
  "floor: Map": () => floor(memory()),
  "floor: SQLite": (folder) => floor(sqlite(join(folder, "floor.db"))),
  "floor: AES-256-GCM cookie": () => floor(aesGcm()),
};
