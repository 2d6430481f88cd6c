/** The demo over plain HTTP: what `npm start` promises to a client without a browser. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Attempts } from "../../demo/attempts.ts";
import { readSettings } from "../../demo/settings.ts";
import { startMemcached } from "../servers/memcached.ts";
import { ANN, BEN, csrfTokenOf, FormClient, openDemo, SECRET, temporaryFolder } from "../support/demo.ts";

const ID = "[\\w-]{43}";

describe("the demo's counter", () => {
  for (const mode of ["server", "tracked", "stateless"] as const) {
    it(`answers a plain client in two lines, mode ${mode}`, async () => {
      const { url } = await openDemo({ mode });
      const client = new FormClient(url);
      const first = await client.text();
      expect(first).toMatch(new RegExp(`^Session created: ${ID}\nCount: 1\n$`));
      const id = /: (.+)\n/.exec(first)?.[1];
      expect(await client.text()).toBe(`Session: ${id}\nCount: 2\n`);
      expect(await client.text()).toBe(`Session: ${id}\nCount: 3\n`);
    });
  }

  it("is text for whoever does not ask for HTML, and a page for who does", async () => {
    const { url } = await openDemo();
    for (const accept of ["*/*", "text/plain", "application/json"]) {
      const response = await fetch(url, { headers: { accept } });
      expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    }
    const client = new FormClient(url);
    await client.text();
    const page = (await client.page("/")).replaceAll(/<[^>]+>/g, "");
    expect(page).toMatch(new RegExp(`Session: ${ID}`));
    expect(page).toContain("Count: 2");
    expect(page).toContain("Server-side");
    expect(page).toContain("sqlite");
  });

  it("counts parallel requests exactly", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    await client.text();
    const answers = await Promise.all(Array.from({ length: 30 }, () => client.text()));
    expect(new Set(answers).size).toBe(30);
    expect(await client.text()).toContain("Count: 32\n");
  });

  it("begins no session for what is not a visit", async () => {
    const { url } = await openDemo();
    for (const path of [
      "/favicon.ico",
      "/icon.svg",
      "/style.css",
      "/live.js",
      "/robots.txt",
      "/nothing-here",
      "/events",
      "/devices",
    ]) {
      const response = await fetch(url + path, { redirect: "manual" });
      expect([path, response.headers.getSetCookie()]).toEqual([path, []]);
    }
    const head = await fetch(url, { method: "HEAD" });
    expect(head.headers.getSetCookie()).toEqual([]);
  });

  it("keeps what a program may not see from caches, and lets them have the style", async () => {
    const { url } = await openDemo();
    expect((await fetch(url)).headers.get("cache-control")).toBe("no-store");
    expect((await fetch(`${url}/style.css`)).headers.get("cache-control")).toBe("public, max-age=3600");
  });
});

describe("the demo's login", () => {
  it("changes the id, keeps the count, and says so once", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    const [, before] = (await client.text()).split(/: |\n/);
    const response = await client.login(ANN);
    expect([response.status, response.headers.get("location")]).toEqual([303, "/"]);
    const page = await client.page("/");
    expect(page).toContain("Welcome, Ann");
    expect(page).toContain("You are signed in.");
    expect(page).toContain("<strong>2</strong>");
    expect(page).not.toContain(before);
    expect(await client.page("/")).not.toContain("You are signed in.");
  });

  it("answers 401 to a wrong password and to an unknown name, in the same words", async () => {
    const { url } = await openDemo();
    const answers = await Promise.all(
      ["ann", "nobody"].map(async (name) => {
        const response = await new FormClient(url).login({ name, password: "wrong" });
        return [response.status, (await response.text()).replaceAll(/ value="[^"]*"/g, "")];
      }),
    );
    expect(answers[0]?.[0]).toBe(401);
    expect(answers[0]).toEqual(answers[1]);
  });

  it("answers 429 after five tries for a name, also to the right password, until time has passed", async () => {
    let now = Date.now();
    const { url } = await openDemo({ clock: () => now });
    const client = new FormClient(url);
    const tries = await Promise.all(Array.from({ length: 5 }, () => client.login({ name: "ann", password: "wrong" })));
    expect(tries.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
    const refused = await client.login(ANN);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect((await client.login(BEN)).status).toBe(303);
    now += 60_000;
    expect((await new FormClient(url).login(ANN)).status).toBe(303);
  });

  it("answers 429 after twenty tries from an address, whatever the names", async () => {
    const users = { find: () => undefined, authenticate: async () => undefined };
    const { url } = await openDemo({ users, clock: () => 0 });
    const client = new FormClient(url);
    const names = Array.from({ length: 22 }, (_, index) => `name-${index}`);
    const csrf = csrfTokenOf(await client.page("/login"));
    const tries = await Promise.all(names.map((name) => client.post("/login", { csrf, name, password: "wrong" })));
    expect(tries.filter(({ status }) => status === 401)).toHaveLength(20);
    expect(tries.filter(({ status }) => status === 429)).toHaveLength(2);
  });

  it("hands nothing of one user's session to the next one", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    await client.login(ANN);
    await client.submit("/", "/note", { note: "Ann's secret" });
    expect(await client.page("/")).toContain("Ann&#39;s secret");
    const csrf = csrfTokenOf(await client.page("/"));
    expect((await client.post("/login", { csrf, ...BEN })).status).toBe(303);
    const page = await client.page("/");
    expect(page).toContain("Welcome, Ben");
    expect(page).not.toContain("Ann&#39;s secret");
  });
});

describe("the demo for a plain client", () => {
  for (const mode of ["server", "tracked", "stateless"] as const) {
    it(`signs in and out with the page's own origin and no token, and begins anew, mode ${mode}`, async () => {
      const { url } = await openDemo({ mode });
      const client = new FormClient(url);
      const first = await client.text();
      const send = (path: string, fields: Record<string, string> = {}) =>
        client.fetch(path, { method: "POST", headers: { origin: url }, body: new URLSearchParams(fields) });
      expect((await send("/login", ANN)).status).toBe(303);
      expect(await client.text()).toContain("Count: 2\n");
      expect((await send("/logout")).status).toBe(303);
      const again = await client.text();
      expect(again).toMatch(new RegExp(`^Session created: ${ID}\nCount: 1\n$`));
      expect(again.split("\n")[0]).not.toBe(first.split("\n")[0]);
    });
  }

  it("is refused at the login and the logout from another origin", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    await client.login(ANN);
    for (const path of ["/login", "/logout"]) {
      const headers = { origin: "https://evil.example" };
      const response = await client.fetch(path, { method: "POST", headers, body: new URLSearchParams(BEN) });
      expect([path, response.status]).toEqual([path, 403]);
    }
    expect(await client.page("/")).toContain("Welcome, Ann");
  });
});

describe("the demo's addresses", () => {
  it("have a page to sign out on, with the button", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    const nobody = await client.fetch("/logout");
    expect([nobody.status, nobody.headers.getSetCookie()]).toEqual([200, []]);
    await client.login(ANN);
    expect(await client.page("/logout")).toContain('<form method="post" action="/logout">');
    expect(await client.page("/")).toContain("Welcome, Ann");
    expect((await client.submit("/logout", "/logout")).headers.get("location")).toBe("/?out");
    const page = await client.page("/?out");
    expect(page).toContain("You are signed out.");
    expect(page.replaceAll(/<[^>]+>/g, "")).toMatch(/Session created: [\s\S]*/);
    expect(await client.page("/?out")).not.toContain("You are signed out.");
  });

  it("answer 405 to other methods, with those that there are", async () => {
    const { url } = await openDemo();
    for (const [method, path, allow] of [
      ["GET", "/note", "POST"],
      ["PUT", "/login", "GET, HEAD, POST"],
      ["DELETE", "/logout", "GET, HEAD, POST"],
      ["DELETE", "/", "GET, HEAD"],
      ["PUT", "/devices", "GET, HEAD"],
    ] as const) {
      const response = await fetch(url + path, { method, headers: { origin: url } });
      expect([path, response.status, response.headers.get("allow")]).toEqual([path, 405, allow]);
    }
  });

  it("are this machine's alone unless told", () => {
    expect(readSettings([], {})?.host).toBe("127.0.0.1");
    expect(readSettings([], { HOST: "0.0.0.0" })?.host).toBe("0.0.0.0");
  });
});

describe("the demo's stores", () => {
  it("may be memcached, which keeps no list of devices", async () => {
    const server = await startMemcached();
    onTestFinished(() => server.stop());
    for (const mode of ["server", "tracked"] as const) {
      const { url } = await openDemo({ mode, store: server.url });
      const client = new FormClient(url);
      await client.login(ANN);
      expect(await client.page("/")).toContain("Welcome, Ann");
      expect(await client.page("/devices")).toContain("There is no list with this store");
    }
  });
});

describe("the demo's limit on tries", () => {
  it("gives back one try each interval, up to the burst", () => {
    let now = 0;
    const attempts = new Attempts({ burst: 2, everyMs: 1_000, clock: () => now });
    expect([attempts.take("ann"), attempts.take("ann"), attempts.take("ann")]).toEqual([0, 0, 1_000]);
    now = 999;
    expect(attempts.take("ann")).toBe(1);
    now = 1_000;
    expect([attempts.take("ann"), attempts.take("ann")]).toEqual([0, 1_000]);
    now = 60_000;
    expect([attempts.take("ann"), attempts.take("ann"), attempts.take("ann")]).toEqual([0, 0, 1_000]);
  });

  it("remembers no more names than its capacity, and forgets the longest idle one first", () => {
    const attempts = new Attempts({ burst: 2, everyMs: 1_000, capacity: 2, clock: () => 0 });
    for (const name of ["ann", "ben", "ann", "eve"]) expect(attempts.take(name)).toBe(0);
    expect(attempts.take("ann")).toBe(1_000);
    expect([attempts.take("ben"), attempts.take("ben")]).toEqual([0, 0]);
  });
});

describe("the demo's forms", () => {
  it("are refused without their token, with another session's, and from another origin", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    await client.login(ANN);
    const stranger = new FormClient(url);
    const theirs = csrfTokenOf(await stranger.page("/login"));
    expect((await client.post("/note", { note: "x" })).status).toBe(403);
    expect((await client.post("/note", { note: "x", csrf: theirs })).status).toBe(403);
    const csrf = csrfTokenOf(await client.page("/"));
    const foreign = await client.fetch("/note", {
      method: "POST",
      headers: { origin: "https://evil.example" },
      body: new URLSearchParams({ csrf, note: "x" }),
    });
    expect(foreign.status).toBe(403);
    expect(await client.page("/")).not.toContain('value="x"');
    expect((await client.post("/note", { note: "x", csrf })).status).toBe(303);
    expect(await client.page("/")).toContain('value="x"');
  });

  it("are refused with the token from before the login", async () => {
    const { url } = await openDemo();
    const client = new FormClient(url);
    const old = csrfTokenOf(await client.page("/"));
    await client.login(ANN);
    expect((await client.post("/note", { csrf: old, note: "x" })).status).toBe(403);
  });

  it("end another user's session neither by its id nor otherwise", async () => {
    const { url } = await openDemo();
    const [ann, ben] = [new FormClient(url), new FormClient(url)];
    await ann.login(ANN);
    await ben.login(BEN);
    const [, id] = (await ben.text()).split(/: |\n/);
    expect((await ann.submit("/devices", `/devices/${id}/revoke`)).status).toBe(303);
    expect((await ann.submit("/devices", "/devices/others")).status).toBe(303);
    expect(await ben.page("/")).toContain("Welcome, Ben");
    expect((await ann.submit("/devices", "/devices/..%2F..%2Fetc/revoke")).status).toBe(303);
  });
});

describe("the demo's devices", () => {
  it("lists every login of the user, and ends the others", async () => {
    const { url } = await openDemo();
    const [one, two] = [new FormClient(url), new FormClient(url)];
    await one.login(ANN);
    await two.login(ANN);
    const page = await one.page("/devices");
    expect(page.match(/class="icon"/g)).toHaveLength(2);
    expect(page.match(/This device/g)).toHaveLength(1);
    await one.submit("/devices", "/devices/others");
    expect(await one.page("/devices")).toContain("One other device is signed out.");
    expect(await two.page("/")).not.toContain("Welcome, Ann");
    expect(await one.page("/")).toContain("Welcome, Ann");
  });

  it("tells an open stream at once that its session was revoked, and ends it", async () => {
    const { url } = await openDemo();
    const [one, two] = [new FormClient(url), new FormClient(url)];
    await one.login(ANN);
    await two.login(ANN);
    const stream = await two.fetch("/events");
    expect(stream.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const text = stream.text();
    await one.submit("/devices", "/devices/others");
    expect(await text).toContain("event: ended\n");
  });

  it("tells a stream that is open at another server over the same database", async () => {
    const store = `sqlite:${join(await temporaryFolder(), "demo.db")}`;
    const [here, there] = [await openDemo({ store }), await openDemo({ store })];
    const [one, two] = [new FormClient(here.url), new FormClient(there.url)];
    await one.login(ANN);
    await two.login(ANN);
    const text = (await two.fetch("/events")).text();
    await one.submit("/devices", "/devices/others");
    expect(await text).toContain("event: ended\n");
  });

  it("says why there are none in the stateless mode", async () => {
    const { url } = await openDemo({ mode: "stateless" });
    const client = new FormClient(url);
    await client.login(ANN);
    expect(await client.page("/devices")).toContain("all of a session is in its cookie");
  });
});

describe("the demo's process", () => {
  it("keeps sessions over a restart, and ends by itself on SIGTERM", async () => {
    const store = `sqlite:${join(await temporaryFolder(), "demo.db")}`;
    const first = await spawnDemo({ SOJOURN_STORE: store });
    const client = new FormClient(first.url);
    const [, id] = (await client.text()).split(/: |\n/);
    await client.login(ANN);
    const open = await client.fetch("/events");
    expect(open.status).toBe(200);
    expect(await first.stop()).toBe(0);
    const second = await spawnDemo({ SOJOURN_STORE: store, PORT: new URL(first.url).port });
    expect(await client.page("/")).toContain("Welcome, Ann");
    expect(await client.text()).toMatch(new RegExp(`^Session: (?!${id})${ID}\nCount: 3\n$`));
    expect(await second.stop()).toBe(0);
  });

  it("reads its settings from the environment and the flags", () => {
    const defaults = {
      mode: "server",
      store: "sqlite:./.sojourn/demo.db",
      host: "127.0.0.1",
      port: 8080,
      https: false,
      production: false,
    };
    expect(readSettings([], {})).toEqual(defaults);
    const env = { PORT: "8081", SOJOURN_MODE: "tracked", SOJOURN_STORE: "memory:", NODE_ENV: "production" };
    const given = { mode: "tracked", store: "memory:", host: "127.0.0.1", port: 8081, https: true, production: true };
    expect(readSettings(["--https"], env)).toEqual(given);
    expect(readSettings(["--help"], {})).toBeUndefined();
  });

  it("says what is wrong with its settings, without a stack", async () => {
    for (const [env, message] of [
      [{ SOJOURN_MODE: "sealed" }, "SOJOURN_MODE: expected server, tracked, stateless"],
      [{ PORT: "http" }, "PORT: expected a number"],
      [{ SOJOURN_STORE: "nowhere:" }, "nowhere"],
    ] as const) {
      const child = start(env);
      let errors = "";
      child.stderr.on("data", (chunk) => {
        errors += chunk;
      });
      const [code] = await once(child, "close");
      expect([code, errors]).toEqual([1, expect.stringContaining(message)]);
      expect(errors).not.toMatch(/^ +at /m);
    }
  });
});

/** `npm start`, but of the sources, so that it needs no build. */
function start(env: Record<string, string>) {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", "demo/main.ts"], {
    cwd: root,
    env: {
      ...process.env,
      NODE_ENV: "",
      PORT: "0",
      SOJOURN_SECRET: SECRET,
      TSX_TSCONFIG_PATH: join(root, "tsconfig.json"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function spawnDemo(env: Record<string, string>): Promise<{ url: string; stop(): Promise<unknown> }> {
  const child = start(env);
  child.stderr.pipe(process.stderr);
  for await (const line of createInterface(child.stdout)) {
    const url = /http:\/\/localhost:\d+/.exec(line)?.[0];
    if (!url) continue;
    return {
      url,
      async stop() {
        child.kill("SIGTERM");
        return (await once(child, "exit"))[0];
      },
    };
  }
  throw new Error("The demo ended before it was ready.");
}
