/** The pieces of a request, in one process: each beside the least that does the same, turn by turn. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { createSessions, type Sessions } from "sojourn";
import { memoryStore } from "sojourn/stores/memory";
import { createXaes, type Xaes } from "../src/crypto/xaes.ts";
import { type Data, increment, SECRET, sample } from "./application.ts";
import { answerQuestions } from "./child.ts";
import { exchange } from "./exchange.ts";
import { measurePairs, type Pair, type Piece } from "./pairs.ts";

const PAYLOAD = Buffer.from(JSON.stringify(sample()));
const CONTEXT = Buffer.from("session cookie");

/** The line that everybody writes: a key object, twelve random bytes, the tag behind the ciphertext. */
function handWritten(): { seal(): Buffer; open(sealed: Buffer): Buffer } {
  const key = createSecretKey(randomBytes(32));
  return {
    seal() {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 });
      cipher.setAAD(CONTEXT);
      return Buffer.concat([nonce, cipher.update(PAYLOAD), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed) {
      const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(CONTEXT);
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
  };
}

async function sealing(): Promise<Pair[]> {
  const xaes: Xaes = await createXaes(randomBytes(32));
  const line = handWritten();
  const [ours, theirs] = [await xaes.seal(PAYLOAD, CONTEXT), line.seal()];
  return [
    { name: "seal 200 B (XAES-256-GCM)", ours: () => xaes.seal(PAYLOAD, CONTEXT), floor: line.seal },
    { name: "open 200 B (XAES-256-GCM)", ours: () => xaes.open(ours, CONTEXT), floor: () => line.open(theirs) },
  ];
}

async function exchanges(): Promise<Pair[]> {
  const modes: Record<string, Sessions<Data>> = {
    "server-side": createSessions<Data>({ secrets: SECRET, rotateEvery: "1h", store: memoryStore() }),
    tracked: createSessions<Data>({ secrets: SECRET, rotateEvery: "1h", store: memoryStore(), data: "cookie" }),
    stateless: createSessions<Data>({ secrets: SECRET }),
  };
  const pairs: Pair[] = [];
  for (const [mode, sessions] of Object.entries(modes)) {
    const cookie = await exchange(sessions, undefined, true);
    pairs.push({ name: `open and commit, ${mode}, read`, ours: () => exchange(sessions, cookie, false) });
    pairs.push({ name: `open and commit, ${mode}, change`, ours: () => exchange(sessions, cookie, true) });
  }
  return pairs;
}

/** What the store keeps of a session that nobody looks at is not read. */
async function unseen(): Promise<Pair> {
  const sessions = createSessions<Data & { page?: string }>({ secrets: SECRET, store: memoryStore() });
  const carry = async (change: (data: Data & { page?: string }) => void, cookie?: string) => {
    const header = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
    const session = await sessions.open({ method: "GET", url: "/", header });
    if (cookie === undefined) change(session.data);
    return sessions.commit(session);
  };
  const begin = async (change: (data: Data & { page?: string }) => void): Promise<() => unknown> => {
    const [cookie] = (await carry(change)).filter(({ name }) => name === "set-cookie");
    return () => carry(change, cookie?.value.split(";")[0]);
  };
  return {
    name: "open and commit 100 kB that nobody looks at, beside 200 B",
    ours: await begin((data) => Object.assign(data, { page: "x".repeat(100_000) })),
    floor: await begin((data) => void increment(data)),
  };
}

const pairs = async (): Promise<Pair[]> => [...(await sealing()), ...(await exchanges()), await unseen()];

answerQuestions<string, Piece[]>(async () => measurePairs(await pairs()));
