/** SIGSTOP, and certainty that it has happened. */
import { readdirSync, readFileSync } from "node:fs";
import { type TestServer, until } from "./process.ts";

/** Whether every thread has stopped: they do so one by one, and until then the server may still answer. */
function hasStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((task) => {
    const stat = readFileSync(`${tasks}/${task}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
  });
}

/** Freezes a server and waits until nothing of it moves any more. */
export async function freeze(server: TestServer): Promise<void> {
  server.pause();
  await until(() => hasStopped(server.pid), 30, "standstill");
}
