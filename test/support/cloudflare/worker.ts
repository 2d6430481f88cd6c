/** What miniflare runs: the contract of each store, and an application over each. */
import type { D1Binding, KvBinding, ObjectBinding, ObjectState } from "../../../src/stores/cloudflare.ts";
import { d1Store, durableObjectStore, kvStore, SessionObject as Published } from "../../../src/stores/cloudflare.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { StoreContext } from "../../../src/testing/contract/trial.ts";
import { application } from "./application.ts";
import { contractCases } from "./contract.ts";

/** As it is published, and with a way to let the alarm go off and to see for when the next is set. */
export class SessionObject extends Published {
  readonly #storage: ObjectState["storage"];

  constructor(state: ObjectState, env: unknown) {
    super(state, env);
    this.#storage = state.storage;
  }

  override async fetch(request: Request): Promise<Response> {
    if (!request.url.endsWith("/alarm")) return super.fetch(request);
    if (request.method === "POST") await this.alarm();
    return Response.json({ result: await this.#storage.getAlarm() });
  }
}

/** Declared without SQLite, by mistake. */
export class ObjectWithoutSql extends Published {}

interface Env {
  readonly WITHOUT_SQL: ObjectBinding;
  readonly DB: D1Binding;
  readonly KV: KvBinding;
  readonly SESSIONS: ObjectBinding;
}

const stores: Record<string, (env: Env, context: StoreContext) => Store> = {
  d1: ({ DB }, { clock, name }) => d1Store(DB, { clock, table: name }),
  "durable-object": ({ SESSIONS }, { clock, name }) => durableObjectStore(SESSIONS, { clock, name }),
  shards: ({ SESSIONS }, { clock, name }) => durableObjectStore(SESSIONS, { clock, name, shards: 4 }),
  "without-sql": ({ WITHOUT_SQL }, { clock, name }) => durableObjectStore(WITHOUT_SQL, { clock, name }),
  kv: ({ KV }, { clock, name }) => kvStore(KV, { clock, prefix: `${name}:` }),
};

async function contract(url: URL, env: Env): Promise<Response> {
  const open = stores[url.searchParams.get("store") ?? ""];
  if (!open) return new Response("no such store", { status: 404 });
  const cases = await contractCases((context) => open(env, context), {
    handles: url.searchParams.get("handles") === "shared" ? "shared" : "one",
    histories: Number(url.searchParams.get("histories")),
    seed: Number(url.searchParams.get("seed")),
  });
  const name = url.searchParams.get("case");
  if (name === null) return Response.json([...cases.keys()]);
  try {
    await cases.get(name)?.();
    return Response.json({});
  } catch (error) {
    return Response.json({ failure: error instanceof Error ? error.message : String(error) });
  }
}

/** One call of a store by its name and arguments, by the system's clock. */
async function call(url: URL, env: Env, verb: string, args: unknown[]): Promise<Response> {
  const [, , store = "", name = ""] = url.pathname.split("/");
  const opened = stores[store]?.(env, { clock: Date.now, name }) as unknown as Record<
    string,
    (...args: unknown[]) => unknown
  >;
  try {
    return Response.json((await opened[verb]?.(...args)) ?? null);
  } catch (error) {
    return new Response(String(error), { status: 500 });
  }
}

const applications = new Map<string, ReturnType<typeof application>>();

/** The application over a store, one for all requests. */
function applicationOver(area: string, env: Env): ReturnType<typeof application> | undefined {
  const open = stores[area];
  if (open && !applications.has(area)) applications.set(area, application(open(env, { clock: Date.now, name: "app" })));
  return applications.get(area);
}

/**
 * As a timeout middleware: answers before the application has, which ends everything that the request still waits for. The
 * path says which application, how many milliseconds it is given, and what it is asked: `/early/d1/5/count`.
 */
async function early(request: Request, env: Env): Promise<Response> {
  const [, , area = "", after = "0", ...rest] = new URL(request.url).pathname.split("/");
  const asked = new Request(new URL(`/${[area, ...rest].join("/")}`, request.url), request);
  const late = new Promise<Response>((resolve) => {
    setTimeout(() => resolve(new Response("too late", { status: 504 })), Number(after));
  });
  return Promise.race([applicationOver(area, env)?.(asked) as Promise<Response>, late]);
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    const [, area = "", name = ""] = url.pathname.split("/");
    if (area === "contract") return contract(url, env);
    if (area === "call") {
      const { verb, args } = (await request.json()) as { verb: string; args: unknown[] };
      return call(url, env, verb, args);
    }
    if (area === "object") {
      const stub = env.SESSIONS.get(env.SESSIONS.idFromName(name));
      return stub.fetch("https://object/alarm", { method: request.method } as never) as unknown as Promise<Response>;
    }
    if (area === "early") return early(request, env);
    return applicationOver(area, env)?.(request) ?? new Response("no such page", { status: 404 });
  },
};
