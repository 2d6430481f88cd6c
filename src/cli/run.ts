/**
 * The commands of `sojourn` by their names, the help that lists them, and what becomes of a mistake.
 */
import { readFileSync } from "node:fs";
import { isSessionError } from "../errors.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";
import { checkHistoryCommand } from "./commands/check-history.ts";
import { init } from "./commands/init.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { migrateCodeCommand } from "./commands/migrate-code.ts";
import { schema } from "./commands/schema.ts";
import { secret } from "./commands/secret.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["check-history", checkHistoryCommand],
  ["init", init],
  ["migrate", migrateCommand],
  ["migrate-code", migrateCodeCommand],
  ["schema", schema],
  ["secret", secret],
]);

/**
 * Runs `sojourn` with these arguments (those after the program's name) and answers with the exit code:
 * 0, 1 where a command could not do what was asked (other codes are in its help), 2 where it was asked in a way that
 * nobody knows.
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "--help" || verb === "-h" || verb === "help") return printHelp(rest[0], terminal);
  if (verb === "--version" || verb === "-v") return print(terminal, version());
  const command = COMMANDS.get(verb ?? "");
  if (verb === undefined || command === undefined) {
    // The word is not repeated: it may be a secret whose command was forgotten.
    terminal.err(
      `sojourn: ${verb === undefined ? "no command given" : "found no command of that name"}\n\n${help()}\n`,
    );
    return 2;
  }
  if (rest.includes("--help") || rest.includes("-h")) return print(terminal, command.usage);
  try {
    return await command.run(rest, terminal);
  } catch (error) {
    const mistake = usageMistake(error);
    if (mistake !== undefined) {
      terminal.err(`sojourn ${verb}: ${mistake}\nTry: sojourn ${verb} --help\n`);
      return 2;
    }
    if (!isSessionError(error)) throw error;
    terminal.err(`sojourn ${verb}: ${error.message}\n`);
    return 1;
  }
}

/** `sojourn help`, and `sojourn help migrate`. */
function printHelp(verb: string | undefined, terminal: Terminal): number {
  const command = COMMANDS.get(verb ?? "");
  if (command) return print(terminal, command.usage);
  print(terminal, help());
  return verb === undefined ? 0 : 2;
}

function print(terminal: Terminal, text: string): number {
  terminal.out(`${text}\n`);
  return 0;
}

function help(): string {
  const width = Math.max(...Array.from(COMMANDS.keys(), (verb) => verb.length));
  return [
    "Usage: sojourn <command> [options]",
    "",
    "Commands:",
    ...Array.from(COMMANDS, ([verb, command]) => `  ${verb.padEnd(width)}  ${command.summary}`),
    "",
    "  sojourn help <command>     what a command does, and its options",
    "  sojourn --version          the version of this package",
  ].join("\n");
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** What was wrong with the options, as we found or as `parseArgs` of node:util did; undefined for other errors. */
function usageMistake(error: unknown): string | undefined {
  if (error instanceof UsageError) return error.message;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  // Node's message repeats the argument, which may well be a secret whose option was forgotten.
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return "found an argument that belongs to no option";
  return code.startsWith("ERR_PARSE_ARGS_") ? (error as Error).message : undefined;
}
