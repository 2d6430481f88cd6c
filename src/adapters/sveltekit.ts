/**
 * Sojourn for SvelteKit: one `handle` for `hooks.server.ts`.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { answerOf, cookiesOf, runRequest, type StructuredAttributes } from "./adapter.ts";

/** What is used of SvelteKit's `RequestEvent`. */
export interface KitEvent {
  readonly request: Request;
  readonly locals: object;
  /** True for what `event.fetch` asks of the application itself. */
  readonly isSubRequest: boolean;
  readonly cookies: {
    set(name: string, value: string, options: StructuredAttributes & { encode(value: string): string }): void;
  };
  getClientAddress(): string;
}

/** SvelteKit's `Handle`, as far as it is used. */
export type KitHandle = <Event extends KitEvent>(input: {
  readonly event: Event;
  readonly resolve: (event: Event) => Response | Promise<Response>;
}) => Promise<Response>;

/** Who checks for cross-site requests, who hears of failures, and how the session is called. */
export interface SvelteKitOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf"> {
  /**
   * `building` of `$app/environment`: while pages are prerendered there are no sessions, and no secret is asked for.
   * Default false.
   */
  readonly building?: boolean | undefined;
  /** The name of the session in `event.locals`. Default "session". */
  readonly local?: string | undefined;
  /**
   * Answers a request that was refused, a store that is down, and what could not be saved. Default, and when it gives
   * undefined: the status of the error as text; what answers 500 goes to SvelteKit's `handleError`.
   */
  readonly onError?: ((error: unknown, event: KitEvent) => Response | undefined) | undefined;
}

/**
 * Puts the session on `event.locals.session`, and saves it before the response leaves. Make it the first of `sequence`.
 *
 * - What `event.fetch` asks of the application itself shares the session of the request that asks.
 * - `redirect()` and `error()` that a later hook throws are answers by their status: the session is saved, and
 *   SvelteKit makes the response. Where its error page would drop a cookie, the answer is a text with the same status.
 * - With 500 and above changes to `data` are not saved, while the verbs (`login`, `logout`…) reach the client.
 * - Addresses are `event.getClientAddress()`, so set the adapter's `ADDRESS_HEADER` behind a proxy.
 *
 * @example
 * ```ts
 * import { sessionHandle } from "sojourn/sveltekit";
 *
 * export const handle = sessionHandle(sessions);
 * ```
 */
export function sessionHandle<Data extends object>(sessions: Sessions<Data>, given: SvelteKitOptions = {}): KitHandle {
  checkKnown(given, { building: true, csrf: true, local: true, onError: true, touch: true });
  const { building = false, local = "session", onError, ...options } = given;
  const around = new AsyncLocalStorage<Session<Data>>();
  return async ({ event, resolve }) => {
    if (building) return resolve(event);
    const inside = async (session: Session<Data>): Promise<Response> => {
      Object.assign(event.locals, { [local]: session });
      return around.run(session, () => resolve(event));
    };
    const { request } = event;
    const outer = around.getStore();
    // A sub-request has locals of its own, and the client's cookies unless it was told to omit them.
    if (outer && event.isSubRequest && request.credentials !== "omit") return inside(outer);
    let left: { readonly by: unknown; readonly answer: Response } | undefined;
    const response = await runRequest(sessions, request, inside, {
      ...options,
      address: () => addressOf(event),
      onError: onError && ((error) => onError(error, event)),
      isAnswer(thrown) {
        const answer = answerOf(thrown) ?? httpError(thrown);
        if (answer && !(thrown instanceof Response)) left = { by: thrown, answer };
        return answer;
      },
    });
    // What could not be saved has an answer of its own.
    if (left && response.status === left.answer.status && handsOver(event, response)) throw left.by;
    return response;
  };
}

/**
 * SvelteKit answers better than we do (data requests, error pages), but drops headers: whether all of them are handed
 * over.
 */
function handsOver({ cookies }: KitEvent, { status, headers }: Response): boolean {
  const ours = cookiesOf(headers.getSetCookie().map((value) => ({ op: "append", name: "set-cookie", value })));
  if (ours.length > 0 && status >= 400) return false;
  try {
    for (const { name, value, attributes } of ours) cookies.set(name, value, { ...attributes, encode: (same) => same });
    return true;
  } catch {
    // The hook had resolved before it threw: SvelteKit takes no cookies any more.
    return false;
  }
}

/** What `error()` throws: no Error, but a status with a body. */
function httpError(thrown: unknown): Response | undefined {
  if (typeof thrown !== "object" || thrown === null || thrown instanceof Error) return undefined;
  const { status, body } = thrown as {
    readonly status?: unknown;
    readonly body?: { readonly message?: unknown } | null;
  };
  if (typeof status !== "number" || !(status >= 400 && status <= 599) || typeof body?.message !== "string")
    return undefined;
  return new Response(`${body.message}\n`, { status });
}

/** There is none while pages are prerendered, and SvelteKit throws. */
function addressOf(event: KitEvent): string | undefined {
  try {
    return event.getClientAddress();
  } catch {
    return undefined;
  }
}
