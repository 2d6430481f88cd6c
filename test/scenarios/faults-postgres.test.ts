/** Forty clients over a PostgreSQL that is hurt in every way: the short form of `npm run soak`. */
import { startPostgresBackend } from "../soak/backends/postgres.ts";
import { shortForms } from "../soak/short.ts";

await shortForms(startPostgresBackend);
