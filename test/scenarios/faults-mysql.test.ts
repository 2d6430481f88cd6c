/** Forty clients over a MariaDB that is hurt in every way: the short form of `npm run soak`. */
import { startMariadbBackend } from "../soak/backends/mariadb.ts";
import { shortForms } from "../soak/short.ts";

await shortForms(startMariadbBackend);
