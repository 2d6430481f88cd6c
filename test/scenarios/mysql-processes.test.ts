/** Four processes over one MariaDB. */
import { afterAll } from "vitest";
import { startMariadb } from "../servers/mariadb.ts";
import { acrossProcesses } from "../support/processes/suite.ts";

const server = await startMariadb();
afterAll(() => server.close());

acrossProcesses({ MariaDB: { at: (table) => ({ kind: "mysql", url: server.url, table }) } });
