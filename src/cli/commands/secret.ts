/**
 * The command `sojourn secret`: a new key, the values of SOJOURN_SECRET for each roll-out of one, and the words around
 * them.
 */
import { parseArgs } from "node:util";
import { platform } from "#crypto";
import { encode } from "../../crypto/base64url.ts";
import { kidOf, readSecrets, type SecretRing, toRing } from "../../crypto/secrets.ts";
import { type Command, type Terminal, UsageError } from "../command.ts";

const USAGE = `Usage: sojourn secret [--raw]
       sojourn secret --add <value> [--raw]

Makes a key of 32 random bytes for the option "secrets" or the environment variable
SOJOURN_SECRET. It is printed once and kept nowhere.

  --add <value>  adds a key to the present value of SOJOURN_SECRET and prints the values for
                 the three roll-outs that bring it in without logging anybody out.
                 "-" reads the value from the standard input, out of sight of the process
                 list and the shell's history:
                   printenv SOJOURN_SECRET | npx sojourn secret --add -
  --raw          prints the value only; with --add, that of the first roll-out.`;

/** `sojourn secret`: a new key, or the next one for a ring. */
export const secret: Command = {
  summary: "makes a secret, or adds one to a ring",
  usage: USAGE,
  run(args, terminal) {
    const { values } = parseArgs({ args: [...args], options: { add: { type: "string" }, raw: { type: "boolean" } } });
    const made = encode(platform.randomBytes(32));
    if (values.add === undefined) terminal.out(values.raw ? `k1:${made}\n` : newSecret(made));
    else {
      const steps = rollOut(ringOf(values.add, terminal), made);
      terminal.out(values.raw ? `${steps.pending}\n` : newKey(steps));
    }
    return 0;
  },
};

function newSecret(made: string): string {
  return `A new secret: 32 random bytes, kept nowhere. Use one of its forms, and keep it out of version control.

Environment variable, read when the option "secrets" is not given:

  SOJOURN_SECRET=k1:${made}

Option, as one text:

  secrets: "${made}"

Option, as a ring of keys:

  secrets: { active: "k1", keys: { k1: "${made}" } }

To change it later without logging anybody out: sojourn secret --add "$SOJOURN_SECRET"
`;
}

/** The values of SOJOURN_SECRET for the three roll-outs. */
interface Steps {
  readonly name: string;
  readonly before: string;
  readonly pending: string;
  readonly active: string;
  readonly alone: string;
}

function newKey({ name, before, pending, active, alone }: Steps): string {
  return `A new key, ${name}, for three roll-outs that log nobody out. Each must have reached every process before the next.

1. ${name} is known everywhere and used nowhere:

  SOJOURN_SECRET=${pending}

2. ${name} signs, ${before} still reads:

  SOJOURN_SECRET=${active}

3. When the absolute lifetime of a session has passed since step 2, ${name} alone:

  SOJOURN_SECRET=${alone}
`;
}

function rollOut({ active, keys, revoked = [] }: SecretRing, made: string): Steps {
  const name = freeName([...Object.keys(keys), ...revoked]);
  const entry = ([key, value]: [string, unknown]): string => `${key}:${value}`;
  const marks = revoked.map((key) => `!${key}`);
  const old = Object.entries(keys).map(entry);
  const added = entry([name, made]);
  return {
    name,
    before: active,
    pending: [...old, added, ...marks].join(","),
    active: [added, ...old, ...marks].join(","),
    alone: [added, ...marks].join(","),
  };
}

/** The name after the highest, so that a number that was in use is taken again as late as can be. */
function freeName(taken: readonly string[]): string {
  const highest = Math.max(...taken.map((name) => kidOf(name) ?? 0));
  for (let i = 1; i <= 256; i++) {
    const name = `k${(highest + i) % 256}`;
    if (!taken.includes(name)) return name;
  }
  throw new UsageError("all the names from k0 to k255 are taken; leave out keys that nothing is signed by any more");
}

/** The present value, checked as the library checks it at start. */
function ringOf(value: string, terminal: Terminal): SecretRing {
  const text = (value === "-" ? terminal.input() : value).trim();
  if (text === "") throw new UsageError("--add needs the present value of SOJOURN_SECRET, found an empty text");
  readSecrets(text, "--add");
  return toRing(text, "--add");
}
