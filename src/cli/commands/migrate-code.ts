/**
 * The command `sojourn migrate-code`: its paths, and what it prints. What is changed in a source is in `src/cli/code`.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { loadParser } from "../code/ast-grep.ts";
import { rewriteExpressSession } from "../code/express-session.ts";
import { sourceFiles } from "../code/source-files.ts";
import { type Command, UsageError } from "../command.ts";

const USAGE = `Usage: sojourn migrate-code express-session [<path>…] [--write]

Puts sojourn/express-session in the place of express-session:

    npm install --no-save @ast-grep/napi
    npx sojourn migrate-code express-session src --write

It changes the imports and the calls of require, which is safe, and lists what is left to
you with file and line: stores that import express-session by its name, mocks, namespace
imports, and results of save() and its like that were used as a session. What is only of
types stays: those are of @types/express-session in either case. docs/express-session.md
has the rest.

Paths are files and folders; ".", without any. node_modules, dist, build, out, coverage and
folders whose names begin with a dot are left out. Files that could not be read whole are
listed and left alone.

  --write   changes the files; without it, they are only listed

It exits with 0, whatever is left to you.`;

/** `sojourn migrate-code`: the change of one line, wherever it is. */
export const migrateCodeCommand: Command = {
  summary: "changes an application's code from express-session to the drop-in",
  usage: USAGE,
  async run(args, terminal) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { write: { type: "boolean" } },
    });
    const [library, ...given] = positionals;
    if (library !== "express-session") throw new UsageError('expected what to come from: "express-session"');
    const paths = given.length > 0 ? given : ["."];
    if (!paths.every((path) => existsSync(path))) throw new UsageError("found a path that is not there");
    const parse = await loadParser();
    const counts = { changed: 0, files: 0, left: 0 };
    for (const file of new Set(paths.flatMap(sourceFiles))) {
      const before = readFileSync(file, "utf8");
      const { source, changed, left } = rewriteExpressSession(file, before, parse);
      if (values.write && source !== before) writeFileSync(file, source);
      counts.files += changed.length > 0 ? 1 : 0;
      counts.changed += changed.length;
      counts.left += left.length;
      const at = relative(process.cwd(), file);
      for (const { line, text } of changed) terminal.out(`${at}:${line}: ${text}\n`);
      for (const { line, text } of left) terminal.out(`${at}:${line}: to do: ${text}\n`);
    }
    const verb = values.write ? "Changed" : "Would change (--write does)";
    terminal.out(`${verb} ${counts.changed} in ${counts.files} files; ${counts.left} left to you.\n`);
    return 0;
  },
};
