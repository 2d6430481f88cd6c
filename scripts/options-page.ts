/**
 * Writes docs/options.md: the facts from the table of options, the words from the docstrings of their types.
 *
 *   npm run docs:options
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Option } from "../src/config/option.ts";
import { OPTIONS } from "../src/config/table.ts";
import { root } from "./run.ts";

const PAGE = "docs/options.md";

/** Where the words are: the interfaces whose members are options of `createSessions`. */
const SOURCES = ["src/config/options.ts", "src/record/lifetime.ts", "src/record/schema.ts"];

/** Options within an option, or of a transport: the title, what is said first, and the file that declares them. */
const PARTS = [
  [
    "cookie",
    "Members of `cookie`, and of `cookieTransport()`.",
    ["src/transport/cookie-options.ts", "src/transport/carry-in-cookie.ts"],
  ],
  ["csrf", "Members of `csrf`; see [csrf.md](csrf.md).", ["src/csrf/policy.ts"]],
  ["headerTransport()", "See [transports.md](transports.md).", ["src/transport/header.ts"]],
  ["urlTransport()", "See [transports.md](transports.md).", ["src/transport/url.ts"]],
] as const;

const HEAD = `# Options

Every option of \`createSessions\`, its kind, bounds and default. This page is made from the table that checks them
(\`src/config/table.ts\`) and from the docstrings that your editor shows, by \`npm run docs:options\`.

A \`Duration\` is a number of milliseconds, or text: \`"30s"\`, \`"15m"\`, \`"12h"\`, \`"30d"\`. A number that looks like
seconds (\`idle: 1800\`) is refused with the spelling that was meant. An option that there is not, or of the wrong kind, is
refused at the start with \`SOJOURN_INVALID_OPTION\` ([errors.md](errors.md)); the message never shows the value of
an unknown option.

\`\`\`ts
import { createSessions } from "sojourn";
import { memoryStore } from "sojourn/stores/memory";

const sessions = createSessions({ store: memoryStore(), idle: "30m", lifetime: "12h", cookie: { sameSite: "strict" } });
\`\`\`
`;

interface Words {
  readonly type: string;
  readonly text: string;
}

/** The members of the option types of a file, by name: type and docstring. */
export function wordsOf(file: string): ReadonlyMap<string, Words> {
  const text = readFileSync(join(root, file), "utf8");
  const found = new Map<string, Words>();
  const member = /^ {2,4}\/\*\*\s*((?:(?!\*\/)[\s\S])*?)\s*\*\/\n {2,4}readonly (\w+)\??:\s*([^;]*);/gm;
  for (const [, comment = "", name = "", type = ""] of text.matchAll(member)) {
    if (/^(?:undefined|never)$/.test(type.trim()) || found.has(name)) continue;
    const words = comment.replace(/(^|\n)\s*\* ?/g, "$1").trim();
    found.set(name, {
      type: type
        .replace(/ \| undefined$/, "")
        .replace(/\s+/g, " ")
        .trim(),
      text: words,
    });
  }
  return found;
}

/** The words of every option of `createSessions`. */
export function optionWords(): ReadonlyMap<string, Words> {
  const words = new Map(SOURCES.flatMap((file) => [...wordsOf(file)]));
  // Declared as a conditional type, for it is required when the data's type has keys that must be there.
  return words.set("initial", {
    type: "() => Data",
    text: "Gives a new session's data. Required when the type of the data has keys that must be there. Default: an empty object.",
  });
}

/** A number of milliseconds as people write it: "1 s", "400 d". */
export function timeText(ms: number): string {
  if (ms === 0) return "0";
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["min", 60_000],
    ["s", 1_000],
  ] as const;
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / size} ${unit}`;
}

function factsOf(name: keyof typeof OPTIONS): string[] {
  const option = OPTIONS[name];
  const facts: string[] = [];
  if (option.kind === "duration")
    facts.push(
      Number.isFinite(option.most)
        ? `${timeText(option.least)} to ${timeText(option.most)}`
        : `from ${timeText(option.least)}`,
    );
  if (option.kind === "whole") facts.push(option.expected);
  return [...facts, ...NEEDS[option.needs], ...(option.logsOut ? ["**a change logs everybody out**"] : [])];
}

const NEEDS: Record<Option["needs"], readonly string[]> = {
  nothing: [],
  store: ["needs a store"],
  users: ["needs a store with an index of users"],
};

const section = (name: string, { type, text }: Words, facts: readonly string[]): string =>
  `### ${name}\n\n${[`\`${type}\``, ...facts].join(" · ")}\n\n${text}\n`;

/** The page as it should be. */
export function optionsPage(): string {
  const words = optionWords();
  const options = (Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]).map((name) => {
    const found = words.get(name);
    if (!found) throw new Error(`${name} has no docstring in ${SOURCES.join(", ")}`);
    return section(name, found, factsOf(name));
  });
  const parts = PARTS.map(([title, intro, files]) => {
    const members = files.flatMap((file) => [...wordsOf(file)]).map(([name, each]) => section(name, each, []));
    return `## ${title}\n\n${intro}\n\n${members.join("\n")}`;
  });
  return `${HEAD}\n## createSessions()\n\n${[...options, ...parts].join("\n")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(join(root, PAGE), optionsPage());
