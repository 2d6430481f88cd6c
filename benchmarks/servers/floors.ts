/** The floors that need no server beside them. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { join } from "node:path";
import Database from "libsql";
import { SECRET } from "../application.ts";
import { floor, freshKey, IDLE_MS, type Place } from "./floor.ts";
import { type MakeServer, send, serve } from "./serve.ts";

function memory(): Place {
  const records = new Map<string, { json: string; expiresAt: number }>();
  return {
    load(key, now) {
      const record = records.get(key);
      return record && record.expiresAt > now ? record.json : undefined;
    },
    save(key = freshKey(), json, now) {
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
    save(key = freshKey(), json, now) {
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
  "floor: SQLite": ({ folder }) => floor(sqlite(join(folder, "floor.db"))),
  "floor: AES-256-GCM cookie": () => floor(aesGcm()),
};
