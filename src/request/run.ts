/**
 * One request from end to end, for every framework whose handler can be wrapped: open, protect, run, commit by the
 * status of the answer, refuse. What differs between frameworks is how they answer, and that is all an adapter says.
 */
import { isPromise, quickest } from "../awaitable.ts";
import { isHarmless } from "../csrf/origin.ts";
import type { Session } from "../session/session.ts";
import type { OpenOptions, ReadBody, Sessions } from "../sessions.ts";
import { type RequestLike, sourceOf } from "../transport/source.ts";
import type { HeaderOp, RequestSource } from "../transport/transport.ts";
import { type Refusal, refusal, refuse } from "./error-response.ts";
import { FirstUse } from "./first-use.ts";
import { inHand, letGo, takeInHand } from "./nested.ts";
import { NO_HEADERS } from "./response-headers.ts";
import { runInside } from "./running.ts";

/** How a framework answers. */
export interface Answering<Result> {
  /** The status of an answer; 500 and above mean that the request failed. */
  statusOf(result: Result): number;
  /** The answer to something that the application threw; undefined when nobody has one. */
  answerTo(thrown: unknown): Result | undefined | Promise<Result | undefined>;
  /** The answer with the session's headers on it; with none, and without a session, where nobody asked for one. */
  finish(result: Result, headers: readonly HeaderOp[], session?: Session<object>): Result;
  /**
   * Answers in place of the application: it was not run ("refused"), it threw what nobody answers ("failed"), or what
   * it did could not be saved ("unsaved"). May throw.
   */
  replace(refusal: Refusal, why: "refused" | "failed" | "unsaved"): Result | Promise<Result>;
  /** An answer that nobody will read. */
  drop?(result: Result): void;
}

/** What is opened, and who checks it. */
export interface Asked extends OpenOptions {
  readonly request: RequestLike;
  readonly csrf: boolean;
  readonly readBody: ReadBody | undefined;
}

export function run<Data extends object, Result>(
  sessions: Sessions<Data>,
  asked: Asked,
  application: (session: Session<Data>) => Result | Promise<Result>,
  answering: Answering<Result>,
): Promise<Result> {
  const outer = inHand(sessions, asked.request, asked.key);
  return outer ? within(outer, application) : serve(sessions, asked, application, answering);
}

/**
 * The same for an application that asks for the session by itself. What needs a check of where it comes from is opened
 * before, as ever; any other request is opened when the application asks, here or by `sessions.open`, or not at all.
 */
export function runLazily<Data extends object, Result>(
  sessions: Sessions<Data>,
  asked: Asked,
  application: (open: () => Promise<Session<Data>>) => Result | Promise<Result>,
  answering: Answering<Result>,
): Promise<Result> {
  const source = sourceOf(asked.request);
  const known = inHand(sessions, asked.request, asked.key);
  if (known || (asked.csrf && !isHarmless(source)))
    return run(sessions, asked, (session) => application(async () => session), answering);
  return serveLazily(sessions, source, asked, application, answering);
}

async function serveLazily<Data extends object, Result>(
  sessions: Sessions<Data>,
  source: RequestSource,
  { request, touch, readOnly, key = request }: Asked,
  application: (open: () => Promise<Session<Data>>) => Result | Promise<Result>,
  answering: Answering<Result>,
): Promise<Result> {
  const use = new FirstUse(sessions, source, { touch, readOnly, key });
  const { result, failure } = await answered(() => application(use.open), answering);
  const session = await use.close();
  if (session) return finish(sessions, session, answering, result, failure);
  return result === undefined
    ? answering.replace(refusal(failure?.error), "failed")
    : answering.finish(result, NO_HEADERS);
}

/** Asked from inside of a request that is handled already. */
async function within<Data extends object, Result>(
  session: Session<Data>,
  application: (session: Session<Data>) => Result | Promise<Result>,
): Promise<Result> {
  return application(session);
}

async function serve<Data extends object, Result>(
  sessions: Sessions<Data>,
  { request, csrf, readBody, ...options }: Asked,
  application: (session: Session<Data>) => Result | Promise<Result>,
  answering: Answering<Result>,
): Promise<Result> {
  const key = options.key ?? request;
  const source = sourceOf(request);
  let session: Session<Data>;
  try {
    const opened = quickest(sessions.open)(source, { ...options, key });
    session = isPromise(opened) ? await opened : opened;
    const protecting = csrf ? sessions.protect(source, session, readBody) : undefined;
    const protection = isPromise(protecting) ? await protecting : protecting;
    if (protection?.allowed === false) return answering.replace(refusal(protection.error), "refused");
  } catch (error) {
    return answering.replace(refusal(error), "refused");
  }
  takeInHand(sessions, key, session);
  const { result, failure } = await answered(
    () => runInside(sessions, session, source, () => application(session)),
    answering,
  );
  letGo(sessions, key);
  return finish(sessions, session, answering, result, failure);
}

interface Answered<Result> {
  readonly result: Result | undefined;
  /** What was thrown, when nobody answered it. */
  readonly failure: { readonly error: unknown } | undefined;
}

async function answered<Result>(
  application: () => Result | Promise<Result>,
  answering: Answering<Result>,
): Promise<Answered<Result>> {
  try {
    const result = await application();
    // An answer that is none is the application's mistake, too.
    answering.statusOf(result);
    return { result, failure: undefined };
  } catch (error) {
    const result = await answering.answerTo(error);
    return { result, failure: result === undefined ? { error } : undefined };
  }
}

async function finish<Data extends object, Result>(
  sessions: Sessions<Data>,
  session: Session<Data>,
  answering: Answering<Result>,
  result: Result | undefined,
  failure: { readonly error: unknown } | undefined,
): Promise<Result> {
  let headers: readonly HeaderOp[];
  try {
    const saving = sessions.commit(session, { status: result === undefined ? 500 : answering.statusOf(result) });
    headers = isPromise(saving) ? await saving : saving;
  } catch (error) {
    if (result !== undefined) answering.drop?.(result);
    session.release();
    return answering.replace(await refuse(sessions, session, error), "unsaved");
  }
  if (result !== undefined) return answering.finish(result, headers, session as Session<object>);
  session.release();
  return answering.replace(refusal(failure?.error, headers), "failed");
}
