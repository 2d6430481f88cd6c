/**
 * Which visit a request belongs to, for the verbs of `req.session`: apart from `visit.ts`, which needs the class that
 * they are of.
 */
import { AttachedMap } from "../../attached-map.ts";
import type { Done, Row, SessionObject } from "./request.ts";

/** What the verbs of `req.session` need of the request that they are called in. */
export interface Visits {
  readonly rows: { load(sid: string, done: (error: unknown, row?: Row) => void): void };
  save(session: SessionObject, done: Done): void;
  end(session: SessionObject, done: Done): void;
  regenerate(session: SessionObject, done: Done): void;
  inflate(row: Row): void;
  generate(): void;
}

const visits = new AttachedMap<Visits>();

/** Undefined for a session that was loaded outside of a request. */
export function visitOf(req: object): Visits | undefined {
  return visits.get(req);
}

export function attachVisit(req: object, visit: Visits): void {
  visits.set(req, visit);
}
