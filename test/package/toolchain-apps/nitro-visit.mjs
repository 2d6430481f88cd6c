// Starts what Nitro made on a port of its own, and visits it twice with one cookie.
import { spawn } from "node:child_process";
import { createServer } from "node:net";

const port = await new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});
const env = {
  ...process.env,
  PORT: String(port),
  HOST: "127.0.0.1",
  NITRO_PORT: String(port),
  NITRO_HOST: "127.0.0.1",
};
const server = spawn(process.execPath, [".output/server/index.mjs"], { env, stdio: ["ignore", "inherit", "inherit"] });
const visit = async (cookie) => {
  for (;;) {
    if (server.exitCode !== null) throw new Error("the server ended");
    try {
      return await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};
try {
  const first = await visit("");
  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  const second = await visit(cookie);
  console.log(`${first.status} ${await first.text()} ${second.status} ${await second.text()}`);
} finally {
  server.kill("SIGKILL");
}
