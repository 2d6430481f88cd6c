// fetch-like.ts
import type { Session, Sessions } from "sojourn";
import { logFailure, runRequest } from "sojourn/adapter";

/** The framework: a middleware is given a context, and the rest of the application as a function. */
export interface Context {
  readonly request: Request;
  /** The client's address, as the framework knows it. */
  readonly ip?: string;
  session?: unknown;
}
export type Middleware = (context: Context, next: () => Promise<Response>) => Promise<Response>;

export interface Options {
  /** Hears of refused requests, and of what could not be saved. Default: logs what answers 500. */
  readonly onError?: (error: unknown) => void;
}

/** The middleware. Mount it as the outermost, so that the Response it sees is the one that leaves. */
export function session<Data extends object>(sessions: Sessions<Data>, options: Options = {}): Middleware {
  const { onError = logFailure } = options;
  return (context, next) =>
    runRequest(
      sessions,
      context.request,
      (opened) => {
        context.session = opened;
        return next();
      },
      // Undefined: the answer is Sojourn's, by the status of the error.
      { address: () => context.ip, onError: (error) => void onError(error) },
    );
}

/** The session of a context, with its type. */
export function getSession<Data extends object>(_sessions: Sessions<Data>, context: Context): Session<Data> {
  if (!context.session) throw new Error("There is no session here: mount session(sessions) before.");
  return context.session as Session<Data>;
}
