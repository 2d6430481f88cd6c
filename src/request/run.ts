/**
 * One request from end to end, for every framework whose handler can be wrapped: open, protect, run, commit by the status
 * of the answer, refuse. What differs between frameworks is how they answer, and that is all an adapter says.
 */
import type { Session } from "../session/session.ts";
import type { OpenOptions, ReadBody, Sessions } from "../sessions.ts";
import { type RequestLike, sourceOf } from "../transport/source.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { type Refusal, refusal, refuse } from "./error-response.ts";
import { inHand, letGo, takeInHand } from "./nested.ts";
import { runInside } from "./running.ts";

/** How a framework answers. */
export interface Answering<Result> {
  /** The status of an answer; 500 and above mean that the request failed. */
  statusOf(result: Result): number;
  /** The answer to something that the application threw; undefined when nobody has one. */
  answerTo(thrown: unknown): Result | undefined | Promise<Result | undefined>;
  /** The answer with the session's headers on it. May be asked with none. */
  finish(result: Result, headers: readonly HeaderOp[]): Result;
  /**
   * Answers in place of the application: it was not run ("refused"), it threw what nobody answers ("failed"), or what it did
   * could not be saved ("unsaved"). May throw.
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
    session = await sessions.open(source, { ...options, key });
    const protection = csrf ? await sessions.protect(source, session, readBody) : undefined;
    if (protection?.allowed === false) return answering.replace(refusal(protection.error), "refused");
  } catch (error) {
    return answering.replace(refusal(error), "refused");
  }
  let failure: { readonly error: unknown } | undefined;
  let result: Result | undefined;
  takeInHand(sessions, key, session);
  try {
    result = await runInside(sessions, session, source, () => application(session));
    answering.statusOf(result);
  } catch (error) {
    result = await answering.answerTo(error);
    if (result === undefined) failure = { error };
  } finally {
    letGo(sessions, key);
  }
  return finish(sessions, session, answering, result, failure);
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
    headers = await sessions.commit(session, { status: result === undefined ? 500 : answering.statusOf(result) });
  } catch (error) {
    if (result !== undefined) answering.drop?.(result);
    session.release();
    return answering.replace(await refuse(sessions, session, error), "unsaved");
  }
  if (result !== undefined) return answering.finish(result, headers);
  session.release();
  return answering.replace(refusal(failure?.error, headers), "failed");
}
