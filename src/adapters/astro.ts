/**
 * Sojourn for Astro 5 to 7: one middleware for `src/middleware.ts`. Nothing of Astro is imported.
 *
 * @module
 */
import { checkKnown } from "../errors.ts";
import type { HandleOptions, OpenOptions, Session, Sessions } from "../index.ts";
import { runRequest } from "./adapter.ts";

/** What is used of Astro's `APIContext`. */
export interface AstroContext {
  readonly request: Request;
  readonly locals: object;
  readonly isPrerendered: boolean;
  /** Reading it throws where there is none. */
  readonly clientAddress: string;
}

/** Astro's `MiddlewareHandler`, as far as it is used. */
export type AstroMiddleware = (context: AstroContext, next: () => Promise<Response>) => Promise<Response>;

/** Who checks for cross-site requests, who hears of failures, and how the session is called. */
export interface AstroOptions extends Pick<OpenOptions, "touch">, Pick<HandleOptions, "csrf" | "onError"> {
  /** The name of the session in `locals`. Default "session". */
  readonly local?: string | undefined;
}

/**
 * Puts the session on `context.locals.session` (`Astro.locals.session` in pages), and saves it before the response
 * leaves. Make it the first of `sequence`.
 *
 * - A rewrite runs the middleware again and keeps its session. Prerendered pages have none.
 * - What a page changes in its frontmatter is saved. Child components run as the page streams: too late, and that
 *   throws.
 * - An error page of Astro's drops cookies: when a verb (`login`, `logout`…) has taken effect, the answer to an error
 *   is a plain 500 that tells the client.
 *
 * @example
 * ```ts
 * import { astroSession } from "sojourn/astro";
 *
 * export const onRequest = astroSession(sessions);
 * ```
 */
export function astroSession<Data extends object>(sessions: Sessions<Data>, given: AstroOptions = {}): AstroMiddleware {
  checkKnown(given, { local: true, touch: true, csrf: true, onError: true });
  const { local = "session", ...options } = given;
  const mine = new WeakMap<object, Session<Data>>();
  return (context, next) => {
    const { locals, request, isPrerendered } = context;
    if (isPrerendered || mine.has(locals)) return next();
    return runRequest(
      sessions,
      request,
      (session) => {
        mine.set(locals, session);
        Object.assign(locals, { [local]: session });
        return next();
      },
      { ...options, key: locals, address: () => addressOf(context) },
    );
  };
}

function addressOf(context: AstroContext): string | undefined {
  try {
    return context.clientAddress;
  } catch {
    return undefined;
  }
}
