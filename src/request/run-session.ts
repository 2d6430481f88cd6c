/**
 * One request from end to end where there is no Response to put headers on: a server action, a function of a cloud, a
 * framework with an interface of its own for cookies.
 */
import type { Session } from "../session/session.ts";
import type { OpenOptions, ReadBody, Sessions } from "../sessions.ts";
import { type RequestLike, withAddress } from "../transport/source.ts";
import type { HeaderOp } from "../transport/transport.ts";
import { answerOf } from "./answer.ts";
import { run } from "./run.ts";

/** How a framework without Responses is told, and what it means by a failure. */
export interface RunOptions<Result> extends OpenOptions {
  /**
   * Hands the client what the session's headers say: puts them on the framework's answer, or sets its cookies
   * (`cookiesOf`). Called once, before the result is returned or what was thrown is thrown on, with an empty list
   * when there is nothing to hand out.
   */
  readonly tell: (headers: readonly HeaderOp[], result: Result | undefined) => void;
  /** The status of a result; 500 and above mean that the request failed. Default: 200 for all. */
  readonly statusOf?: ((result: Result) => number) | undefined;
  /** The status that something thrown stands for, when it is an answer. Default: that of `answerOf`. */
  readonly isAnswer?: ((thrown: unknown) => number | undefined) | undefined;
  /** The client's address, asked when somebody needs it. Default: that of the request, or none. */
  readonly address?: (() => string | undefined) | undefined;
  /** False leaves the check of where requests come from to the framework. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * Gives the parsed body, or the form's field of that name, when a token is needed. Default: tokens come in the header
   * only.
   */
  readonly readBody?: ReadBody | undefined;
}

type Outcome<Result> = { readonly result: Result } | { readonly thrown: unknown; readonly status: number };

/**
 * Opens the session, checks where the request comes from, runs the application and commits, then tells the framework
 * what the client gets. What the application throws is thrown on, after what it did has been committed: as an answer by
 * its status, as a failure otherwise.
 *
 * @param request What the framework knows of the request; `key` when it makes a new object each time.
 * @throws SOJOURN_CROSS_SITE (403), SOJOURN_STORE_UNAVAILABLE (503), and what keeps a session from being saved: errors
 *   with `status` and `statusCode`, after `tell` had what the client must get all the same.
 * @example
 * ```ts
 * import { cookiesOf, runSession } from "sojourn/adapter";
 *
 * const jar = new Map<string, string>();
 * const user = await runSession(sessions, request, (session) => session.userId, {
 *   tell: (headers) => cookiesOf(headers).forEach(({ name, value }) => jar.set(name, value)),
 * });
 * ```
 */
export async function runSession<Data extends object, Result>(
  sessions: Sessions<Data>,
  request: RequestLike,
  application: (session: Session<Data>) => Result | Promise<Result>,
  options: RunOptions<Result>,
): Promise<Result> {
  const { tell, statusOf = () => 200, isAnswer = statusOfAnswer, address, csrf = true, readBody, ...rest } = options;
  const asked = { request: address ? withAddress(request, address) : request, key: request, csrf, readBody, ...rest };
  const outcome = await run<Data, Outcome<Result>>(
    sessions,
    asked,
    async (session) => ({ result: await application(session) }),
    {
      statusOf: (found) => ("thrown" in found ? found.status : statusOf(found.result)),
      answerTo(thrown) {
        const status = isAnswer(thrown);
        return status === undefined ? undefined : { thrown, status };
      },
      finish(found, headers) {
        tell(headers, "thrown" in found ? undefined : found.result);
        return found;
      },
      replace({ error, headers }) {
        tell(headers, undefined);
        throw error;
      },
    },
  );
  if ("thrown" in outcome) throw outcome.thrown;
  return outcome.result;
}

function statusOfAnswer(thrown: unknown): number | undefined {
  return answerOf(thrown)?.status;
}
