/** Redis over TLS: the certificate is checked, in every client and in the URL form. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { generate } from "selfsigned";
import { afterAll, describe, expect, it } from "vitest";
import type { SessionRecord } from "../../src/record.ts";
import { openStore } from "../../src/stores/open.ts";
import type { RedisClient } from "../../src/stores/redis.ts";
import { redisStore } from "../../src/stores/redis.ts";
import { freePort, temporaryFolder, until } from "../servers/process.ts";
import { startRedis } from "../servers/redis.ts";

const folder = temporaryFolder("tls");
const certificate = await generate([{ name: "commonName", value: "127.0.0.1" }], {
  keySize: 2048,
  extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
});
const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
writeFileSync(certFile, certificate.cert);
writeFileSync(keyFile, certificate.private);

const port = await freePort();
const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", certFile];
const server = await startRedis(["--tls-port", String(port), ...files, "--tls-auth-clients", "no"]);
const endings: (() => unknown)[] = [() => server.close()];
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const record = (): SessionRecord => {
  const now = Date.now();
  return { payload: "{}", userId: "ann", createdAt: now, seenAt: now, expiresAt: now + 3_600_000 };
};
const ca = certificate.cert;

/** Connects, with the certificate's issuer known or not. */
const clients: Record<string, (known: boolean) => Promise<RedisClient>> = {
  async "node-redis"(known) {
    const socket = { reconnectStrategy: false as const, tls: true as const, ...(known ? { ca } : {}) };
    const client = createClient({ url: `rediss://127.0.0.1:${port}`, socket });
    client.on("error", () => {});
    await client.connect();
    endings.push(() => client.destroy());
    return client;
  },
  async ioredis(known) {
    const tls = known ? { ca } : {};
    const client = new Redis({ port, host: "127.0.0.1", tls, lazyConnect: true, retryStrategy: () => null });
    let reason: unknown;
    client.on("error", (error) => {
      reason = error;
    });
    await client.connect().catch(() => {
      throw reason;
    });
    endings.push(() => client.disconnect());
    return client;
  },
};

describe.each(Object.entries(clients))("with %s", (name, open) => {
  it("sessions are kept over TLS, and their ends are told", async () => {
    const store = redisStore(await open(true), { prefix: `${name}:` });
    await store.create("key", record());
    expect((await store.list("ann")).items).toHaveLength(1);
    let told = false;
    store.watch(() => {
      told = true;
    });
    // The subscription has a connection of its own, which takes its time.
    await until(async () => {
      await store.create("other", record());
      await store.delete("other");
      return told;
    });
    expect(await store.deleteAll("ann")).toEqual(["key"]);
  });

  it("a certificate that nobody vouches for is refused", async () => {
    await expect(open(false)).rejects.toThrow(/self.signed/i);
  });
});

describe("the URL form", () => {
  it("refuses a certificate that nobody vouches for", async () => {
    await expect(openStore(`rediss://127.0.0.1:${port}/`)).rejects.toThrow(/self.signed/i);
  });

  it("takes one whose issuer Node.js was told of", async () => {
    const child = fileURLToPath(new URL("./redis-tls-child.ts", import.meta.url));
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certFile };
    const argv = ["--import", "tsx", child, `rediss://127.0.0.1:${port}/?prefix=url:`];
    const { stdout } = await promisify(execFile)(process.execPath, argv, { env });
    expect(stdout).toBe("{}");
  });
});
