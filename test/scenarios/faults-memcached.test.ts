/** Forty clients over a memcached that is hurt in every way: the short form of `npm run soak`. */
import { startMemcachedBackend } from "../soak/backends/memcached.ts";
import { shortForms } from "../soak/short.ts";

await shortForms(() => startMemcachedBackend());
await shortForms(() => startMemcachedBackend({ evicting: false }));
