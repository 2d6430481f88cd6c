/**
 * The session of a Node request, opened once however often it is asked for, and tied to its response.
 */
import type { OpenOptions, Session, Sessions } from "../../index.ts";
import { refuse, settle } from "../../outcome.ts";
import { gateResponse, type Keeper } from "./gate.ts";
import type { NodeResponse } from "./response.ts";
import type { NodeRequest, NodeSource } from "./source.ts";

/** Hears of what went wrong; the client is answered already, or about to be. */
export type OnError = (error: unknown, request: NodeRequest) => void;

export interface Opened<Data extends object> {
  readonly source: NodeSource;
  readonly session: Session<Data>;
}

const requests = new WeakMap<object, WeakMap<NodeRequest, Promise<Opened<object>>>>();

/** What was opened for a request before; undefined when nothing was. */
export function openedFor<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
): Promise<Opened<Data>> | undefined {
  return requests.get(sessions)?.get(req) as Promise<Opened<Data>> | undefined;
}

/** Opens, and holds the response back until the session is saved. Rejects when the store is down. */
export function openOn<Data extends object>(
  sessions: Sessions<Data>,
  source: NodeSource,
  req: NodeRequest,
  res: NodeResponse,
  options: OpenOptions & Pick<Keeper, "handOver"> & { readonly onError: OnError },
): Promise<Opened<Data>> {
  const opened = sessions.open(source, options).then((session) => {
    gateResponse(res, {
      commit: (status) => settle(sessions, session, status),
      failed: (error) => {
        options.onError(error, req);
        return refuse(sessions, session, error);
      },
      handOver: options.handOver,
    });
    res.once("close", () => session.release());
    return { source, session };
  });
  let ofSessions = requests.get(sessions);
  if (!ofSessions) requests.set(sessions, (ofSessions = new WeakMap()));
  ofSessions.set(req, opened as unknown as Promise<Opened<object>>);
  return opened;
}

/** The default: what an operator has to mend. A store that is down has its own event. */
export function logFailure(error: unknown): void {
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status !== "number" || status === 500) console.error(error);
}
