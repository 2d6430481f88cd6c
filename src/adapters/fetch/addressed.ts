import type { RequestSource } from "../../index.ts";

/** A request of which more is known: the address, asked only when somebody needs it. */
export function addressed(request: Request, address: () => string | undefined): RequestSource {
  return {
    method: request.method,
    url: request.url,
    header: (name) => request.headers.get(name) ?? undefined,
    get address() {
      return address();
    },
  };
}
