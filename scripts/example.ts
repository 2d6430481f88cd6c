/** `npm run example next`: installs, builds and starts one of the applications in examples/. */
import { randomBytes } from "node:crypto";
import { build, environmentOf, exampleNames, folderOf, install } from "./examples.ts";
import { run } from "./run.ts";

const [name = ""] = process.argv.slice(2);
const port = process.env.PORT ?? "3000";

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}

if (!exampleNames().includes(name)) fail(`Usage: npm run example <name>, one of: ${exampleNames().join(", ")}`);
console.log(`Installing and building examples/${name} …`);
const failure = await install(name);
if (failure !== undefined) fail(failure);
const built = await build(name);
if (!built.ok) fail(`${built.output}\nnpm run build: ${built.reason}`);

console.log(`http://localhost:${port}  (ann: lantern-orchard-7, ben: copper-meadow-4)`);
const secret = process.env.SOJOURN_SECRET ?? `k1:${randomBytes(32).toString("base64url")}`;
const env = { ...environmentOf(name), NODE_ENV: "production", SOJOURN_SECRET: secret, PORT: port };
await run("npm", ["start"], { cwd: folderOf(name), env, seconds: 24 * 3_600 });
