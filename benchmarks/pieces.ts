/** The pieces of a request, in one process: each beside the least that does the same, turn by turn. */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { createSessions } from "sojourn";
import { memoryStore } from "sojourn/stores/memory";
import { createXaes, type Xaes } from "../src/crypto/xaes.ts";
import { increment, SECRET, sample } from "./application.ts";
import { answerQuestions } from "./child.ts";
import { type Figure, figure } from "./statistics.ts";

export interface Piece {
  readonly name: string;
  /** Microseconds. */
  readonly ours: Figure;
  readonly floor: Figure | undefined;
  readonly ratio: Figure | undefined;
}

type Run = () => unknown;

interface Pair {
  readonly name: string;
  readonly ours: Run;
  readonly floor?: Run;
}

const ROUNDS = 15;
const EACH = 4_000;

async function timed(run: Run): Promise<number> {
  const before = process.cpuUsage();
  for (let index = 0; index < EACH; index++) {
    const result = run();
    if (result instanceof Promise) await result;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / EACH;
}

async function measure({ name, ours, floor }: Pair): Promise<Piece> {
  const [mine, least]: [number[], number[]] = [[], []];
  for (let round = -2; round < ROUNDS; round++) {
    const [a, b] = [await timed(ours), floor ? await timed(floor) : 0];
    if (round < 0) continue;
    mine.push(a);
    least.push(b);
  }
  const ratio = floor && figure(mine.map((value, round) => value / (least[round] as number)));
  return { name, ours: figure(mine), floor: floor && figure(least), ratio };
}

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

type Sessions = ReturnType<typeof createSessions<ReturnType<typeof sample>>>;

/** A request without HTTP: open, look or change, commit. */
async function request(sessions: Sessions, cookie: string | undefined, change: boolean): Promise<string | undefined> {
  const header = (name: string): string | undefined => (name === "cookie" ? cookie : undefined);
  const session = await sessions.open({ method: "GET", url: "/", header });
  if (change) increment(session.data);
  else void session.data.count;
  const headers = await sessions.commit(session);
  return headers.find(({ name }) => name === "set-cookie")?.value.split(";")[0];
}

async function requests(): Promise<Pair[]> {
  const initial = (): Partial<ReturnType<typeof sample>> => ({});
  const options = { secrets: SECRET, initial, rotateEvery: "1h" } as const;
  const modes: Record<string, Sessions> = {
    "server-side": createSessions({ ...options, store: memoryStore() }) as Sessions,
    tracked: createSessions({ ...options, store: memoryStore(), data: "cookie" }) as Sessions,
    stateless: createSessions({ secrets: SECRET, initial }) as unknown as Sessions,
  };
  const pairs: Pair[] = [];
  for (const [mode, sessions] of Object.entries(modes)) {
    const cookie = await request(sessions, undefined, true);
    pairs.push({ name: `open and commit, ${mode}, read`, ours: () => request(sessions, cookie, false) });
    pairs.push({ name: `open and commit, ${mode}, change`, ours: () => request(sessions, cookie, true) });
  }
  return pairs;
}

answerQuestions<string, Piece[]>(async () => {
  const pieces: Piece[] = [];
  for (const pair of [...(await sealing()), ...(await requests())]) pieces.push(await measure(pair));
  return pieces;
});
