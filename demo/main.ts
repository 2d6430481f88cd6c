/** `npm start`: the demo, until it is told to stop. */
import { mkdir } from "node:fs/promises";
import { isSessionError } from "sojourn";
import { type Demo, startDemo } from "./server.ts";
import { readSettings, type Settings, SettingsError, USAGE } from "./settings.ts";
import { SEEDS } from "./users.ts";

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings) await run(settings);
  else console.log(USAGE);
} catch (error) {
  const known = error instanceof SettingsError || isSessionError(error);
  console.error(known ? error.message : explain(error));
  process.exitCode = 1;
}

async function run(settings: Settings): Promise<void> {
  // The default store is a file in this folder, beside the secret that the library keeps for development.
  await mkdir(".sojourn", { recursive: true, mode: 0o700 });
  const demo = await startDemo(settings);
  console.log(`Sojourn's demo is open at ${demo.url}`);
  console.log(`Sign in as ${SEEDS.map(({ id, password }) => `${id} (${password})`).join(" or ")}.`);
  console.log(`Or count with: curl ${settings.https ? "-k " : ""}-c jar -b jar ${demo.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop(demo));
}

function stop(demo: Demo): void {
  demo.close().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}

function explain(error: unknown): unknown {
  const { code, port } = error as { code?: string; port?: number };
  return code === "EADDRINUSE"
    ? `Port ${port} is taken. Choose another one: PORT=${(port ?? 8080) + 1} npm start`
    : error;
}
