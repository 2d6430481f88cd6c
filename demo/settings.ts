/** What the demo is told: by the environment, as servers are, and by two flags. */
import { parseArgs } from "node:util";

const MODES = ["server", "tracked", "stateless"] as const;

export interface Settings {
  /** Where the session lives: in the store, sealed in the cookie and known to the store, or in the cookie alone. */
  readonly mode: (typeof MODES)[number];
  /** A store's URL, as `openStore` takes it. */
  readonly store: string;
  /** The address to listen on. The passwords of the demo are published: nobody else is let in unless that is asked for. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly https: boolean;
  /** Production wants `Secure` cookies and a secret of its own. */
  readonly production: boolean;
}

export const USAGE = `npm start [-- --https]

  PORT           the port; 8080
  HOST           the address to listen on; 127.0.0.1, which other machines do not reach. 0.0.0.0 is every address
  SOJOURN_MODE   server, tracked or stateless; server
  SOJOURN_STORE  the store's URL; sqlite:./.sojourn/demo.db
  --https        serve https with a certificate made at start
  --help         print this`;

/** A mistake of the person who starts the demo: shown to them without a stack. */
export class SettingsError extends Error {}

/** @returns The settings; undefined when help was asked for. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings | undefined {
  const { https, help } = flags(args);
  if (help) return undefined;
  const port = Number(env.PORT || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SettingsError(`PORT: expected a number from 0 to 65535, found "${env.PORT}".`);
  }
  const mode = MODES.find((name) => name === (env.SOJOURN_MODE || "server"));
  if (!mode) throw new SettingsError(`SOJOURN_MODE: expected ${MODES.join(", ")}; found "${env.SOJOURN_MODE}".`);
  const store = env.SOJOURN_STORE || "sqlite:./.sojourn/demo.db";
  return { mode, store, host: env.HOST || "127.0.0.1", port, https, production: env.NODE_ENV === "production" };
}

function flags(args: readonly string[]): { readonly https: boolean; readonly help: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { https: { type: "boolean" }, help: { type: "boolean" } },
    });
    return { https: values.https ?? false, help: values.help ?? false };
  } catch (error) {
    throw new SettingsError(`${(error as Error).message}\n\n${USAGE}`);
  }
}
