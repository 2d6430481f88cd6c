/**
 * The session of a Node request: opened once, however often it is asked for, and tied to its response.
 */

import { AttachedMap } from "../../attached-map.ts";
import type { OpenOptions, Session, Sessions } from "../../index.ts";
import { refuse, seal } from "../../request/error-response.ts";
import type { Protection, ReadBody } from "../../sessions.ts";
import { gateResponse } from "./hold-response.ts";
import type { NodeResponse } from "./response.ts";
import { type NodeRequest, NodeSource } from "./source.ts";

/** Hears of what went wrong; the client is answered already, or about to be. */
export type OnError = (error: unknown, request: NodeRequest) => void;

export interface Opened<Data extends object> {
  readonly source: NodeSource;
  readonly session: Session<Data>;
  /** When not allowed, the session is not tied to the response: what answers must not use it. */
  readonly protection: Protection;
}

export interface OpeningOptions extends OpenOptions {
  readonly address: (() => string | undefined) | undefined;
  /** False leaves the check of where the request comes from to somebody else. */
  readonly csrf: ReadBody | boolean;
  readonly onError: OnError;
  readonly handOver?: ((error: unknown) => void) | undefined;
}

interface Opening<Data extends object> {
  readonly sessions: Sessions<Data>;
  readonly promise: Promise<Opened<Data>>;
  /** When it is done. */
  result: Opened<Data> | undefined;
}

/** Hardly ever more than one. */
const openings = new AttachedMap<Opening<object>[]>();

/** Under Express, a property put on a request or response costs microseconds: the response has one for us already. */
const carrierOf = (req: NodeRequest & { res?: object }): object => req.res ?? req;

/** What has been, or is being, opened for a request. */
export function openedFor<Data extends object>(sessions: Sessions<Data>, req: NodeRequest): Opening<Data> | undefined {
  const found = openings.get(carrierOf(req))?.find((each) => (each.sessions as object) === sessions);
  return found as unknown as Opening<Data> | undefined;
}

/** Opens, checks, and holds the response back until the session is saved. Rejects when the store is down. */
export function openFor<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  options: OpeningOptions,
): Promise<Opened<Data>> {
  const promise = open(sessions, req, res, options).then((opened) => {
    opening.result = opened;
    return opened;
  });
  const opening: Opening<Data> = { sessions, promise, result: undefined };
  const others = openings.get(carrierOf(req));
  if (others) others.push(opening as unknown as Opening<object>);
  else openings.set(carrierOf(req), [opening as unknown as Opening<object>]);
  return promise;
}

async function open<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  { address, csrf, onError, handOver, touch }: OpeningOptions,
): Promise<Opened<Data>> {
  const source = new NodeSource(req, res, address);
  const session = await sessions.open(source, { touch });
  const body = typeof csrf === "function" ? csrf : undefined;
  const protection = csrf === false ? NOT_ASKED : await sessions.protect(source, session, body);
  if (!protection.allowed) return { source, session, protection };
  if (res.headersSent) {
    // Too late for a cookie: what would need one must say so.
    seal(session);
    return { source, session, protection };
  }
  gateResponse(res, {
    commit: (status) => sessions.commit(session, { status }),
    failed: (error) => {
      onError(error, req);
      return refuse(sessions, session, error);
    },
    handOver,
  });
  return { source, session, protection };
}

const NOT_ASKED: Protection = Object.freeze({ allowed: true, reason: "off" });
