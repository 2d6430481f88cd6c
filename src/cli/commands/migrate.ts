/**
 * The command `sojourn migrate`: its URLs, its progress, and how it stops. How sessions move is in
 * `src/stores/migrating`.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { MigrationProgress } from "../../stores/migrating.ts";
import { migratingStore } from "../../stores/migrating.ts";
import { openStore } from "../../stores/open.ts";
import { type Command, type Terminal, UsageError } from "../command.ts";

const USAGE = `Usage: sojourn migrate <from> <to> [--batch <number>] [--cursor <text>]

Moves every session from one store to another, without logging anybody out:

    npx sojourn migrate sqlite:./sessions.db env:SESSION_STORE

Both are URLs as openStore takes them, or "env:NAME" for one that is in the environment, which
keeps its password out of the process list.

While the application runs, every process of it must use migratingStore(from, to) first: one
that uses the old store by itself does not find what has moved. docs/migrating-stores.md has
the steps. When the application is stopped, nothing else is needed.

It says each second how far it is. Ctrl-C (or SIGTERM) stops after the step that is under way. What was moved stays moved; run it again to go
on. It exits with 0 when the old store is empty, 1 when something is left in it, and 130 when
it was stopped.

  --batch <number>  sessions a step: 1 to 1,000; 100
  --cursor <text>   goes on where an earlier run was stopped; without it, from the beginning,
                    which only looks at what is left`;

/** Milliseconds between two lines. */
const PACE = 1000;

/** `sojourn migrate`: moves what the application's own use does not. */
export const migrateCommand: Command = {
  summary: "moves the sessions from one store to another",
  usage: USAGE,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { batch: { type: "string" }, cursor: { type: "string" } },
    });
    const [from, to, ...others] = positionals;
    if (from === undefined || to === undefined || others.length > 0) {
      const found = positionals.length === 1 ? "one argument" : `${positionals.length} arguments`;
      throw new UsageError(`expected two stores: where the sessions are, and where they go; found ${found}`);
    }
    const batch = values.batch === undefined ? undefined : Number(values.batch);
    if (batch !== undefined && !(Number.isInteger(batch) && batch >= 1 && batch <= 1000)) {
      throw new UsageError("--batch needs a whole number from 1 to 1000");
    }
    const urls = [readUrl(from, "first"), readUrl(to, "second")] as const;
    if (urls[0] === urls[1]) throw new UsageError("the two stores are one and the same");
    checkSource(urls[0]);
    const stopping = new AbortController();
    const stop = (): void => stopping.abort();
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    try {
      return await move(urls, { batch, cursor: values.cursor, signal: stopping.signal }, terminal);
    } catch (error) {
      terminal.err(
        `sojourn migrate: a store failed: ${told(error)}\nWhat was moved stays moved. Run it again to go on.\n`,
      );
      return 1;
    } finally {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    }
  },
};

/** What was given is not repeated: a URL may have a password in it, and so may what was meant to be one. */
function readUrl(given: string, which: "first" | "second"): string {
  const variable = given.startsWith("env:") ? given.slice("env:".length) : undefined;
  const url = variable === undefined ? given : process.env[variable];
  if (url === undefined || url === "") throw new UsageError(`the environment has no variable "${variable}"`);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url))
    throw new UsageError(
      `the ${which} store is not a URL such as "sqlite:./sessions.db" or "postgres://host/database", nor "env:NAME"`,
    );
  if (/^memory:|^sqlite::memory:/i.test(url))
    throw new UsageError("the memory of this process is not a place to move sessions to or from");
  return url;
}

/** To open a file or a folder makes it when it is not there, and nothing would be moved from it, without a word. */
function checkSource(url: string): void {
  const [, path = ""] = /^(?:sqlite|file):(?:\/\/(?=\/))?([^?]*)/is.exec(url) ?? [];
  if (path !== "" && !existsSync(path))
    throw new UsageError(`the first store is not there: no such file or folder, ${JSON.stringify(path)}`);
}

interface Walk {
  readonly batch: number | undefined;
  readonly cursor: string | undefined;
  readonly signal: AbortSignal;
}

async function move([from, to]: readonly [string, string], walk: Walk, terminal: Terminal): Promise<number> {
  const source = await openStore(from);
  const store = migratingStore(
    source,
    await openStore(to).catch((error) => source.close().then(() => Promise.reject(error))),
  );
  try {
    let last: MigrationProgress | undefined;
    let spoken = Date.now();
    for await (const progress of store.migrate(walk)) {
      last = progress;
      if (Date.now() - spoken < PACE) continue;
      spoken = Date.now();
      terminal.out(`${lineOf(progress)}\n`);
    }
    if (last) terminal.out(`${lineOf(last)}\n`);
    return conclude(last, terminal);
  } finally {
    await store.close();
  }
}

function lineOf({ scanned, moved, skipped, left }: MigrationProgress): string {
  return `${scanned} looked at: ${moved} moved, ${skipped} moved or ended by others, ${left} left`;
}

function conclude(last: MigrationProgress | undefined, terminal: Terminal): number {
  if (last?.done) {
    const empty = last.scanned === 0;
    terminal.out(`${empty ? "Nothing to move" : "Done"}: the old store holds no session.\n`);
    return 0;
  }
  if (last === undefined || last.cursor !== undefined) {
    const cursor = last?.cursor === undefined ? "" : ` --cursor '${last.cursor.replaceAll("'", `'\\''`)}'`;
    terminal.err(`Stopped. Run it again to go on, with${cursor || "out a cursor"} or from the beginning.\n`);
    return 130;
  }
  const refused = last.reason === undefined ? "" : ` The new store refused one: ${told(last.reason)}`;
  terminal.err(`The old store still holds sessions: run it again.${refused}\n`);
  return 1;
}

/** Drivers say what is wrong, and Node leaves the message empty when it tried more than one address. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return "of an unknown kind";
  return error.message || String((error as { code?: unknown }).code ?? error.name);
}
