/** Four processes over one PostgreSQL. */
import { afterAll } from "vitest";
import { startPostgres } from "../servers/postgres.ts";
import { acrossProcesses } from "../support/processes/suite.ts";

const server = await startPostgres();
afterAll(() => server.close());

acrossProcesses({ PostgreSQL: { at: (table) => ({ kind: "postgres", url: server.url, table }) } });
