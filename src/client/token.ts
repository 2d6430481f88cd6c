/** Puts the CSRF token on requests that change something and stay at this origin. */
import type { ClientPlatform } from "./platform.ts";

const HARMLESS = /^(GET|HEAD|OPTIONS|TRACE)$/i;

/** @param tokenOf Gives the token, asking the endpoint when there is none. */
export function fetchWithToken(
  platform: ClientPlatform,
  header: string,
  tokenOf: () => Promise<string | undefined>,
  refused: () => void,
): typeof globalThis.fetch {
  return async (input, init) => {
    const request = typeof input === "object" && "url" in input ? input : undefined;
    const url = new URL(request?.url ?? String(input), platform.href);
    const harmless = HARMLESS.test(init?.method ?? request?.method ?? "GET");
    // Another origin must not learn it.
    if (harmless || url.origin !== new URL(platform.href).origin) return platform.fetch(input, init);
    const headers = new Headers(init?.headers ?? request?.headers);
    const token = headers.has(header) ? undefined : await tokenOf();
    if (token !== undefined) headers.set(header, token);
    const response = await platform.fetch(input, { ...init, headers });
    if (response.status === 403) refused();
    return response;
  };
}
