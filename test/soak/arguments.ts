/** The command line of `npm run soak`. */
import { parseArgs } from "node:util";
import { freshSeed } from "../../src/testing/random.ts";
import { BACKENDS } from "./backends.ts";

export interface Arguments {
  /** By name; all of them by default. */
  readonly stores: readonly string[];
  /** Undefined is every fault that a store has. */
  readonly faults: readonly string[] | undefined;
  /** How long each fault lasts. */
  readonly seconds: number;
  readonly clients: number;
  readonly seed: number;
  /** Milliseconds between two requests of a client, at most. */
  readonly think: number;
  /** A folder that gets every history, as JSON lines. */
  readonly histories: string | undefined;
  /** The interleavings that take too long for the tests, and nothing else. */
  readonly interleavings: boolean;
}

const USAGE = `npm run soak [-- options]
  --store redis,postgres   which stores: ${Object.keys(BACKENDS).join(", ")}
  --fault freeze,kill      which faults; the others are left out, and docs/faults.md is not written
  --seconds 6              how long a fault lasts
  --clients 200            how many browsers
  --think 2000             milliseconds between two requests of one, at most
  --seed 1                 of the clients' choices
  --histories folder       keep what was asked and answered, for npx sojourn check-history
  --interleavings          no servers: orders of two and three requests that take too long for every run of the tests`;

function whole(name: string, value: string | undefined, otherwise: number): number {
  const number = Number(value ?? otherwise);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name}: expected a whole number, found ${value}\n${USAGE}`);
}

export function readArguments(args: readonly string[]): Arguments {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      store: text,
      fault: text,
      seconds: text,
      clients: text,
      seed: text,
      think: text,
      histories: text,
      interleavings: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const stores = values.store?.split(",") ?? Object.keys(BACKENDS);
  for (const store of stores) if (!(store in BACKENDS)) throw new Error(`--store: no "${store}"\n${USAGE}`);
  return {
    stores,
    faults: values.fault?.split(","),
    seconds: whole("seconds", values.seconds, 6),
    clients: whole("clients", values.clients, 200),
    seed: whole("seed", values.seed, freshSeed()),
    think: whole("think", values.think, 2_000),
    histories: values.histories,
    interleavings: values.interleavings === true,
  };
}
