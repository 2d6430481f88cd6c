/**
 * Floors: the least code that keeps a session on `node:http`, written for this benchmark and for nothing else. No
 * rotation, no revocation, no limits, no merging, no tag on the id, no CSRF check, no errors: what is left cannot be left out.
 * They find their cookie by `indexOf`, hold JSON, keep an idle time, and say `no-store`.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Data, increment } from "../application.ts";
import { type MakeServer, send, serve } from "./serve.ts";

const NAME = "__Host-Http-session=";
const ATTRIBUTES = "; Max-Age=604800; Path=/; Secure; HttpOnly; SameSite=Lax";
export const IDLE_MS = 86_400_000;

export function freshKey(): string {
  return randomBytes(18).toString("base64url");
}

function cookieOf(req: IncomingMessage): string | undefined {
  const header = req.headers.cookie;
  const at = header === undefined ? -1 : header.indexOf(NAME);
  if (header === undefined || at === -1) return undefined;
  const end = header.indexOf(";", at);
  return header.slice(at + NAME.length, end === -1 ? header.length : end);
}

/** Where the JSON is kept; in a cookie the key is the value itself. */
export interface Place {
  load(key: string, now: number): string | undefined;
  /** The key from now on. */
  save(key: string | undefined, json: string, now: number): string;
}

/** Compares the JSON, to see a change. */
export function floor(place: Place): ReturnType<MakeServer> {
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

/** A place that has to be waited for. What has expired is its own business. */
export interface RemotePlace {
  load(key: string): Promise<string | null | undefined>;
  save(key: string, json: string): Promise<unknown>;
}

/** Knows by the route whether something changes: one command to read, and one more to write. */
export function remoteFloor(place: RemotePlace): ReturnType<MakeServer> {
  return serve(async (req: IncomingMessage, res: ServerResponse) => {
    if (req.url === "/anonymous") return send(res, 0);
    const key = cookieOf(req);
    const before = key === undefined ? undefined : await place.load(key);
    const data = before ? (JSON.parse(before) as Data) : {};
    if (req.url === "/change") {
      increment(data);
      const next = before && key !== undefined ? key : freshKey();
      await place.save(next, JSON.stringify(data));
      if (next !== key) res.setHeader("set-cookie", NAME + next + ATTRIBUTES);
    }
    res.setHeader("cache-control", "no-store");
    send(res, data.count);
  });
}
