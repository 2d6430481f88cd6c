/**
 * A random load of several clients at once, recorded and judged as a history. Runs against the reference model are in
 * `random-runs.ts`.
 */
import type { SessionKey, SessionRecord } from "../../record.ts";
import type { Epoch, Store } from "../../stores/store.ts";
import { isScanStore, isUserStore } from "../../stores/store.ts";
import { ContractViolation } from "../assert.ts";
import { checkHistory } from "../history/check.ts";
import { historyRecorder } from "../history/recorder.ts";
import { recordingStore } from "../history/recording-store.ts";
import { describeVerdict } from "../history/text.ts";
import type { Random } from "../random.ts";
import { seeded } from "../random.ts";
import type { Group } from "./case.ts";
import { together } from "./case.ts";
import type { Trial } from "./trial.ts";

const CLIENTS = 8;
const TURNS = 25;
const KEYS = 5;
const USERS = ["ann", "bob"] as const;

/** What all clients of one history share. */
interface Load {
  readonly random: Random;
  /** Sessions that are, or were until lately. */
  readonly keys: SessionKey[];
  /** Makes a record with a payload that no other has. */
  record(userId?: string): SessionRecord;
}

/** Clients that do not wait for each other; nothing but what each was told is judged, session by session. */
async function playClients(t: Trial, seed: number): Promise<void> {
  const recorder = historyRecorder();
  const random = seeded(seed);
  let writes = 0;
  const record = (userId?: string): SessionRecord => {
    writes += 1;
    return t.record({ payload: `p${writes}`, userId });
  };
  const load: Load = { random, keys: Array.from({ length: KEYS }, () => random.key()), record };
  await together(CLIENTS, async (index) => {
    const store = recordingStore(t.handle(index), recorder.client(`client ${index}`));
    const epochs = new Map<string, Epoch>();
    for (let turn = 0; turn < TURNS; turn++) await takeTurn(store, load, epochs);
  });
  const result = checkHistory(recorder.events);
  if (result.verdict === "illegal") throw new ContractViolation(describeVerdict(result), result.verdict, "legal");
}

/** Every key is created once, so that who sees a session after its end sees a dead one. */
async function takeTurn(store: Store, load: Load, epochs: Map<string, Epoch>): Promise<void> {
  const { random, keys, record } = load;
  const [key, userId] = [random.pick(keys), random.pick(USERS)];
  const chance = random.below(100);
  if (chance < 5) await store.delete(key);
  else if (chance < 7 && isUserStore(store)) await store.deleteAll(userId);
  else if (chance < 8 && isScanStore(store)) await store.clear();
  else if (chance < 15 && isUserStore(store)) epochs.set(userId, await store.epoch(userId));
  else if (chance < 30) {
    const fresh = random.key();
    keys[random.below(KEYS)] = fresh;
    const epoch = epochs.get(userId);
    if (epoch === undefined || !isUserStore(store)) await store.create(fresh, record(userId));
    else await store.admit(fresh, { ...record(), userId }, { epoch });
  } else if (chance < 40) await store.touch(key, 0, 0);
  else {
    const found = await store.get(key);
    if (found) await store.update(key, record(found.userId), found.version);
  }
}

export const clients: Group<Store> = {
  name: "clients",
  cases: [
    {
      name: `${CLIENTS} clients are told of each session what one copy of it could tell`,
      needs: ["compare-and-set"],
      run: async (t) => {
        for (let round = 0; round * 10 < t.histories; round++) await playClients(t, t.seed + round);
      },
    },
  ],
  acrossHandles: true,
};
