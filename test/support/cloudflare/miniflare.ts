/** Cloudflare's platform for tests: a Worker in workerd, with a D1 database, a KV namespace and Durable Objects. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../../../scripts/run.ts";
import { tools } from "../../../scripts/run-runtimes.ts";
import type { D1Binding, KvBinding, ObjectBinding } from "../../../src/stores/cloudflare.ts";

interface Init {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** The part of miniflare that is used; it is installed in tools/runtimes. */
interface Miniflare {
  dispatchFetch(url: string, init?: Init): Promise<Response>;
  getD1Database(name: string): Promise<D1Binding>;
  getKVNamespace(name: string): Promise<KvBinding>;
  getDurableObjectNamespace(name: string): Promise<ObjectBinding>;
  dispose(): Promise<void>;
}

export interface TestWorker {
  fetch(path: string, init?: Init): Promise<Response>;
  /** The bindings, as this process can use them too. */
  d1(): Promise<D1Binding>;
  kv(): Promise<KvBinding>;
  objects(): Promise<ObjectBinding>;
  close(): Promise<void>;
}

/** The Worker and all that it imports, bundled as Wrangler would, without any Node compatibility. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/support/cloudflare/worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    // The paths of tsconfig.json would lead to node:crypto.
    tsconfigRaw: "{}",
    alias: { "#crypto": join(root, "src/crypto/web.ts") },
    conditions: ["workerd", "worker", "browser"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** Starts the Worker; its storage is in memory and ends with it. */
export async function startWorker(): Promise<TestWorker> {
  const fromTools = createRequire(join(tools, "package.json"));
  const { Miniflare } = fromTools("miniflare") as { Miniflare: new (options: object) => Miniflare };
  const miniflare = new Miniflare({
    modules: true,
    script: await bundle(),
    compatibilityDate: "2026-04-01",
    d1Databases: ["DB"],
    kvNamespaces: ["KV"],
    durableObjects: {
      SESSIONS: { className: "SessionObject", useSQLite: true },
      WITHOUT_SQL: { className: "ObjectWithoutSql", useSQLite: false },
    },
  });
  return {
    fetch: (path, init) => miniflare.dispatchFetch(`https://app.example${path}`, init),
    d1: () => miniflare.getD1Database("DB"),
    kv: () => miniflare.getKVNamespace("KV"),
    objects: () => miniflare.getDurableObjectNamespace("SESSIONS"),
    close: () => miniflare.dispose(),
  };
}
