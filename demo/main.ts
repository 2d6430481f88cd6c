/** `npm start`: the demo, until it is told to stop. */
import { type Demo, startDemo } from "./server.ts";
import { readSettings, type Settings, SettingsError, USAGE } from "./settings.ts";
import { SEEDS } from "./users.ts";

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings) await run(settings);
  else console.log(USAGE);
} catch (error) {
  console.error(explain(error));
  process.exitCode = 1;
}

async function run(settings: Settings): Promise<void> {
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

/** What the person who starts the demo can mend is said without a stack. */
function explain(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `${message}. Choose another port: PORT=8081 npm start`;
  return error instanceof SettingsError || code !== undefined ? message : error;
}
