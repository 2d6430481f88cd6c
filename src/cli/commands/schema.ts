/**
 * The command `sojourn schema`, over the scripts that the SQL stores have for their tables.
 */
import { parseArgs } from "node:util";
import { schemaScript as d1Script } from "../../stores/cloudflare/d1/statements.ts";
import { schemaScript as mysqlScript } from "../../stores/mysql/schema.ts";
import { schemaScript as postgresScript } from "../../stores/postgres/schema.ts";
import { schemaScript as sqliteScript } from "../../stores/sqlite/schema.ts";
import { type Command, UsageError } from "../command.ts";

const USAGE = `Usage: sojourn schema postgres [--table <name>] [--schema <name>] [--unlogged]
       sojourn schema mysql [--table <name>]
       sojourn schema sqlite [--table <name>]
       sojourn schema d1 [--table <name>]

Prints the SQL that makes the tables of a store, for whoever lets no application make tables
(the store's option "create: false"). It can be run again, on tables that are there, and
brings those of an earlier release to the present layout:

    npx sojourn schema postgres | psql "$DATABASE_URL"
    npx sojourn schema mysql | mysql app
    npx sojourn schema sqlite | sqlite3 sessions.db
    npx sojourn schema d1 > migrations/0001_sessions.sql && npx wrangler d1 migrations apply app

  --table <name>   the store's option "table"; sojourn_sessions
  --schema <name>  the schema to make them in; public
  --unlogged       the sessions table is not written ahead: faster, and empty after a crash

The role that the application uses needs SELECT, INSERT, UPDATE and DELETE on the tables, and
in PostgreSQL USAGE on the schema. In MySQL a view comes with them, for people: leave it out
as you like.`;

const SCRIPTS = { postgres: postgresScript, mysql: mysqlScript, sqlite: sqliteScript, d1: d1Script };

/** `sojourn schema`: what an operator runs before the store. */
export const schema: Command = {
  summary: "prints the SQL that makes the tables of a store",
  usage: USAGE,
  run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { table: { type: "string" }, schema: { type: "string" }, unlogged: { type: "boolean" } },
    });
    const [database = "", ...others] = positionals;
    if (!Object.hasOwn(SCRIPTS, database) || others.length > 0) {
      throw new UsageError(
        'expected the name of one database that has a schema to print: "postgres", "mysql", "sqlite" or "d1"',
      );
    }
    if (database !== "postgres" && (values.schema !== undefined || values.unlogged)) {
      throw new UsageError("--schema and --unlogged are for postgres");
    }
    terminal.out(`${SCRIPTS[database as keyof typeof SCRIPTS](values)}\n`);
    return 0;
  },
};
