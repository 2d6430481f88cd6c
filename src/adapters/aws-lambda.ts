/**
 * Sojourn for AWS Lambda behind API Gateway (REST APIs and HTTP APIs) or a function URL.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import { type OpenOptions, type Session, SessionError, type Sessions } from "../index.ts";
import { applyHeaders, cookiesOf, logFailure, refusal, runSession } from "./adapter.ts";

type Values = Readonly<Record<string, string | undefined>>;

/** What is used of an event: of payload format 1.0 (REST APIs), and of 2.0 (HTTP APIs, function URLs). */
export interface LambdaEvent {
  readonly headers?: Values | null | undefined;
  readonly cookies?: readonly string[] | undefined;
  readonly rawPath?: string | undefined;
  readonly path?: string | undefined;
  readonly httpMethod?: string | undefined;
  readonly requestContext: {
    readonly http?: { readonly method: string; readonly sourceIp?: string | undefined } | undefined;
    readonly identity?: { readonly sourceIp?: string | undefined } | undefined;
  };
}

/** An answer, in either format. */
export interface LambdaResult {
  readonly statusCode?: number | undefined;
  readonly headers?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly multiValueHeaders?: Readonly<Record<string, readonly (string | number | boolean)[]>> | undefined;
  readonly cookies?: readonly string[] | undefined;
  readonly body?: string | undefined;
  readonly isBase64Encoded?: boolean | undefined;
}

/** Who checks for cross-site requests, and who hears of failures. */
export interface LambdaOptions extends Pick<OpenOptions, "touch"> {
  /** False leaves the check of where requests come from to you. Default true. */
  readonly csrf?: boolean | undefined;
  /**
   * Hears of refused requests and of what kept a session from being saved. Default: `console.error` for what answers
   * 500.
   */
  readonly onError?: ((error: unknown, event: LambdaEvent) => void) | undefined;
}

/**
 * A Lambda handler that is given the session. It is saved before the answer is returned; with a `statusCode` of 500 and
 * above, or when the handler throws, changes to `data` are not, while the verbs (`login`, `logout`…) reach the client
 * with an answer of 500.
 *
 * Cross-site requests are refused with 403, and 503 is the answer when the store is down. Tokens against CSRF come in
 * the header only. The address is the gateway's `sourceIp`. Streamed answers are not supported.
 *
 * @example
 * ```ts
 * import { lambdaSession } from "sojourn/aws-lambda";
 *
 * export const handler = lambdaSession(sessions, async (session) => {
 *   const count = await session.update("count", (n = 0) => n + 1);
 *   return { statusCode: 200, body: String(count) };
 * });
 * ```
 */
export function lambdaSession<Data extends object, Event extends LambdaEvent, More extends readonly unknown[]>(
  sessions: Sessions<Data>,
  handler: (session: Session<Data>, event: Event, ...more: More) => Promise<LambdaResult>,
  given: LambdaOptions = {},
): (event: Event, ...more: More) => Promise<LambdaResult> {
  checkKnown(given, { csrf: true, onError: true, touch: true });
  const { onError = logFailure, ...options } = given;
  return async (event, ...more) => {
    let told: Parameters<typeof applyHeaders>[1] = [];
    try {
      const run = (session: Session<Data>): Promise<LambdaResult> => handler(session, event, ...more);
      const result = await runSession(sessions, sourceOfEvent(event), run, {
        ...options,
        key: event,
        statusOf: ({ statusCode = 200 }) => statusCode,
        tell: (headers) => {
          told = headers;
        },
      });
      return withOperations(event, result, told);
    } catch (error) {
      const { status, body, headers } = refusal(error, told);
      // Lambda answers an error with 502 by itself; not so when the client has to be told of what took effect before.
      if (status === 500 && !(error instanceof SessionError) && cookiesOf(told).length === 0) throw error;
      onError(error, event);
      return withOperations(event, { statusCode: status, body }, headers);
    }
  };
}

function sourceOfEvent({ headers, cookies, rawPath, path, httpMethod, requestContext }: LambdaEvent) {
  const { http, identity } = requestContext;
  // REST APIs keep the spelling that the client used.
  const given = new Map(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  if (cookies && cookies.length > 0) given.set("cookie", cookies.join("; "));
  return {
    method: http?.method ?? httpMethod ?? "GET",
    url: rawPath ?? path ?? "/",
    header: (name: string) => given.get(name),
    address: http?.sourceIp ?? identity?.sourceIp,
  };
}

/**
 * In format 2.0 cookies have a list of their own; in 1.0 only `multiValueHeaders` can hold several lines of one name.
 */
function withOperations(
  { requestContext }: LambdaEvent,
  result: LambdaResult,
  operations: Parameters<typeof applyHeaders>[1],
): LambdaResult {
  if (operations.length === 0) return result;
  const { headers = {}, multiValueHeaders = {}, cookies = [], ...rest } = result;
  const all = new Headers();
  for (const [name, value] of Object.entries(headers)) all.append(name, String(value));
  for (const [name, values] of Object.entries(multiValueHeaders))
    for (const value of values) all.append(name, String(value));
  applyHeaders(all, operations);
  const lines = [...cookies, ...all.getSetCookie()];
  all.delete("set-cookie");
  const plain = { statusCode: 200, ...rest, headers: Object.fromEntries(all) };
  return requestContext.http ? { ...plain, cookies: lines } : { ...plain, multiValueHeaders: { "set-cookie": lines } };
}
