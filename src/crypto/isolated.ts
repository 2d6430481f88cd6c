/**
 * Whether requests share values but nothing that is under way, as on Cloudflare Workers: a promise or a timer belongs
 * to the request that made it, and when that has been answered it never settles. So nothing that one request waits for
 * may belong to another there. Each makes its own, or looks now and then, by a timer of its own, whether what it waits
 * for has come.
 */
export const requestsAreIsolated: boolean =
  (globalThis as { navigator?: { userAgent?: unknown } }).navigator?.userAgent === "Cloudflare-Workers";
