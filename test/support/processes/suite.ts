/** What must hold between processes: the races of the contract, and those of an application's requests. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Store } from "../../../src/stores/store.ts";
import type { Case } from "../../../src/testing/contract/case.ts";
import { clients } from "../../../src/testing/contract/clients.ts";
import { races } from "../../../src/testing/contract/races.ts";
import { histories } from "../../../src/testing/contract/random-runs.ts";
import { runTrial } from "../../../src/testing/contract/trial.ts";
import { clearRaces, userRaces } from "../../../src/testing/contract/user-races.ts";
import { fakeClock } from "../../../src/testing/fake-clock.ts";
import type { StoreDescription } from "./description.ts";
import { deviceRaces } from "./device-races.ts";
import { Fleet } from "./fleet.ts";
import type { NodeOptions } from "./node.ts";
import { Processes } from "./processes.ts";
import { type OpenFleet, revocationRaces } from "./revocations.ts";
import { ROUNDS } from "./rounds.ts";

/** As many as the races need to overlap on any machine. */
const COUNT = 4;

export interface AcrossOptions {
  /** A store of its own for each name. */
  readonly at: (name: string) => StoreDescription;
  /** False for a store that has no users. Default true. */
  readonly users?: boolean;
  /** False where verbs are steps, so that answers of calls at one moment need not fit one order. Default true. */
  readonly ordered?: boolean;
}

/** A loaded machine of two cores takes its time for four processes. */
const PATIENCE = { timeout: 120_000 };

/** Registers them all, for each store, over the same four processes. */
export function acrossProcesses(stores: Readonly<Record<string, AcrossOptions>>): void {
  let processes: Processes | undefined;
  beforeAll(async () => {
    processes = new Processes(COUNT);
    await processes.started();
  }, PATIENCE.timeout);
  afterAll(() => processes?.close(), PATIENCE.timeout);
  for (const [name, options] of Object.entries(stores)) {
    describe(name, PATIENCE, () => acrossStore(() => processes as Processes, options));
  }
}

function acrossStore(processes: () => Processes, { at, users = true, ordered = true }: AcrossOptions): void {
  const clock = fakeClock();
  const inOrder = { ...histories, cases: histories.cases.filter(({ name }) => name.includes("no time passing")) };
  const groups = [races, clients, ...(users ? [userRaces, clearRaces] : []), ...(ordered ? [inOrder] : [])];
  for (const group of groups) {
    describe(`${group.name}, across ${COUNT} processes`, () => {
      for (const each of group.cases as readonly Case<Store>[]) {
        it(each.name, () => inTrial(processes(), at, each));
      }
    });
  }
  const open = async (node: Omit<NodeOptions, "name">): Promise<Fleet> => {
    const name = freshName();
    const nodes = Array.from({ length: COUNT }, (_, child) =>
      processes().openNode(child, at(name), { ...node, name: `p${child}` }, clock),
    );
    return new Fleet(await Promise.all(nodes), clock);
  };
  describe(`requests, across ${COUNT} processes`, () => requestRaces(open, users));
  if (!users) return;
  describe(`revocations, across ${COUNT} processes`, () => revocationRaces(open));
  describe(`devices of one user, across ${COUNT} processes`, () => deviceRaces(open, ROUNDS));
}

/** One case of the contract, its handles in one process each. */
async function inTrial(processes: Processes, at: AcrossOptions["at"], each: Case<Store>): Promise<void> {
  const opened = new Map<string, number>();
  const bench = {
    realTime: false,
    histories: 1,
    open: (context: { readonly clock: () => number; readonly name: string }) => {
      const child = opened.get(context.name) ?? 0;
      opened.set(context.name, child + 1);
      return processes.openStore(child % COUNT, at(context.name), context.clock);
    },
    close: (store: Store) => (store as Store & { close(): Promise<void> }).close(),
  };
  await runTrial(bench, COUNT, each.run as never);
}

let names = 0;

function freshName(): string {
  names += 1;
  return `t${process.pid.toString(36)}${Date.now().toString(36)}_${names}`;
}

/** What an application's requests may expect, whichever server answers them. */
function requestRaces(open: OpenFleet, users: boolean): void {
  const withFleet = async (options: Parameters<OpenFleet>[0], body: (fleet: Fleet) => Promise<void>): Promise<void> => {
    const fleet = await open(options);
    try {
      await body(fleet);
    } finally {
      await fleet.close();
    }
  };

  it("100 parallel sets of own keys keep 100", () =>
    withFleet({}, async (fleet) => {
      const visitor = fleet.visitor();
      await visitor.get("/set?key=first");
      await Promise.all(Array.from({ length: 100 }, (_, index) => visitor.send(`/set?key=k${index}`, index)));
      expect(Object.keys((await visitor.get("/")) as object)).toHaveLength(101);
    }));

  it("100 parallel exact updates count to 100, and each is told a number of its own", () =>
    withFleet({}, async (fleet) => {
      const visitor = fleet.visitor();
      await visitor.get("/set?key=first");
      const told = await Promise.all(Array.from({ length: 100 }, (_, index) => visitor.send("/add", index)));
      expect(told.map(({ value }) => value).sort((a, b) => Number(a) - Number(b))).toEqual(
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
      expect(await visitor.get("/")).toMatchObject({ count: 100 });
    }));

  it("a logout wins over whatever is under way at its moment", () =>
    withFleet({}, async (fleet) => {
      for (let round = 0; round < 4; round++) {
        const visitor = fleet.visitor();
        const label = `session${round}`;
        await visitor.get(`/login?user=ann&label=${label}`);
        const before = Array.from({ length: 5 + round }, (_, index) => visitor.send(`/add?label=${label}`, index));
        const logout = visitor.send(`/logout?label=${label}`, round);
        const after = Array.from({ length: 9 - round }, (_, index) => visitor.send(`/add?label=${label}`, index));
        await Promise.all([...before, logout, ...after]);
        expect(await visitor.everywhere(`/valid?label=${label}`)).toEqual([null, null, null, null]);
      }
      await fleet.expectLegal();
    }));

  it("a rotation under load logs nobody out, and leaves a cookie that goes on", () =>
    withFleet({}, async (fleet) => {
      const visitor = fleet.visitor();
      await visitor.get("/login?user=ann&label=s");
      for (let round = 0; round < 3; round++) {
        fleet.clock.advance(11 * 60_000);
        const answers = await Promise.all(
          Array.from({ length: 40 }, (_, index) => visitor.send(index % 2 ? "/add" : "/valid?label=s", index)),
        );
        expect(answers.map(({ value }) => value).filter((value) => value === "ann")).toHaveLength(20);
        for (const answer of answers.reverse()) visitor.keep(answer);
        expect(await visitor.everywhere("/valid?label=s")).toEqual(["ann", "ann", "ann", "ann"]);
      }
      expect(await visitor.get("/")).toMatchObject({ count: 60 });
      await fleet.expectLegal();
    }));

  if (!users) return;

  it.each(["evict-oldest", "reject"] as const)("30 logins at once never leave more than the limit (%s)", (onLimit) =>
    withFleet({ limit: 3, onLimit }, async (fleet) => {
      const visitors = Array.from({ length: 30 }, () => fleet.visitor());
      const told = await Promise.all(
        visitors.map((visitor, index) => visitor.send(`/login?user=ann&label=s${index}`, index)),
      );
      for (const [index, answer] of told.entries()) visitors[index]?.keep(answer);
      const inside = told.filter(({ value }) => value === "ann").length;
      expect(inside).toBe(onLimit === "reject" ? 3 : 30);
      const valid = await Promise.all(visitors.map((visitor, index) => visitor.send(`/valid?label=s${index}`, index)));
      expect(valid.filter(({ value }) => value === "ann")).toHaveLength(3);
      expect((await fleet.at(1, "/list?user=ann")) as string[]).toHaveLength(3);
      await fleet.expectLegal();
    }),
  );
}
