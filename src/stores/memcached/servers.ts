/**
 * The servers that a URL names: their addresses, which of them has a key, and the client that speaks to all.
 */
import { invalidOption } from "../../errors.ts";
import { isDecodable } from "../parts/percent.ts";
import type { MemcachedItem, OwnClient } from "./client.ts";
import type { Address } from "./connection.ts";
import { Connection } from "./connection.ts";
import { item, oneOf, version } from "./replies.ts";

const EXPECTED =
  'a URL such as "memcached://localhost:11211", with more servers after commas, or "memcached:///path/of/socket"';

/**
 * `memcached://[user:password@]host[:port][,host[:port]]…`; the message never holds it, for there may be a password in
 * it.
 */
export function addressesOf(url: string): readonly Address[] {
  if (!isDecodable(url)) throw invalidOption("source", undefined, EXPECTED);
  const [, credentials, servers = ""] = /^memcached:\/\/(?:([^@/]*)@)?([^?#]+)$/i.exec(url) ?? [];
  const [user, password] = (credentials ?? "").split(":").map(decodeURIComponent);
  const login = credentials === undefined ? {} : { user, password };
  if (servers.startsWith("/")) return [{ host: "", port: 0, path: decodeURIComponent(servers), ...login }];
  return servers.split(",").map((server) => {
    const [, bracketed, plain, digits = "11211"] =
      /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(server) ?? [];
    const host = bracketed ?? plain;
    const port = Number(digits);
    if (host === undefined || port < 1 || port > 65_535) throw invalidOption("source", undefined, EXPECTED);
    return { host, port, ...login };
  });
}

/** FNV-1a. It spreads keys, it protects nothing. */
function hash(text: string): number {
  let sum = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x0100_0193);
  // The last characters differ in few bits: mixed until all matter.
  sum = Math.imul(sum ^ (sum >>> 16), 0x85eb_ca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2_ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}

/**
 * Each key has its server, and no other one when that is down: a stand-in would know nothing of a session, and the
 * first one would still know, when it is back, what was ended meanwhile. Rendezvous hashing: another server in the list
 * takes its share from each and leaves the rest where it is.
 */
function pick(names: readonly string[], key: string): number {
  const scores = names.map((name) => hash(`${key} ${name}`));
  return scores.indexOf(Math.max(...scores));
}

const STORED = oneOf({ STORED: true, NOT_STORED: false });
const COMPARED = oneOf({ STORED: "stored", EXISTS: "exists", NOT_FOUND: "missing" } as const);
const DELETED = oneOf({ DELETED: true, NOT_FOUND: false });

const command = (head: string, value: string): string => `${head} ${Buffer.byteLength(value)}`;

/** A client of the servers in a URL. */
export function connectTo(url: string, timeout: number): OwnClient {
  const addresses = addressesOf(url);
  const names = addresses.map(({ host, port, path }) => path ?? `${host}:${port}`);
  const connections = addresses.map((address) => new Connection(address, timeout));
  const of = (key: string): Connection => connections[pick(names, key)] as Connection;
  return {
    servers: connections.length,
    serverOf: of,
    gets: (key): Promise<MemcachedItem | null> => of(key).ask(`gets ${key}\r\n`, item(key)),
    add: (key, value, exptime) => of(key).ask(`${command(`add ${key} 0 ${exptime}`, value)}\r\n${value}\r\n`, STORED),
    cas: (key, value, exptime, cas) =>
      of(key).ask(`${command(`cas ${key} 0 ${exptime}`, value)} ${cas}\r\n${value}\r\n`, COMPARED),
    delete: (key) => of(key).ask(`delete ${key}\r\n`, DELETED),
    version: () => Promise.all(connections.map((connection) => connection.ask("version\r\n", version))),
    async close() {
      await Promise.all(connections.map((connection) => connection.end()));
    },
  };
}
