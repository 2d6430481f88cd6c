/**
 * When `revokeUser`, `revokeOthers` or `revokeAll` has resolved, no session that existed or was being created when it was called
 * is valid on any server. "Being created" is from the moment on at which a login has read the user's epoch.
 */
import { expect, it } from "vitest";
import { type Random, seeded } from "../../../src/testing/random.ts";
import { repeatably, SEED } from "../seed.ts";
import type { Fleet, FleetVisitor } from "./fleet.ts";
import type { NodeAnswer, NodeOptions } from "./node.ts";

export type OpenFleet = (node: Omit<NodeOptions, "name">) => Promise<Fleet>;

const LOGINS = 40;
const ROUNDS = 3;
const HOLDS = ["before admit", "after admit", "nowhere"] as const;
const VERBS = ["revoke-user", "revoke-others", "revoke-all"] as const;

/** A visitor, and where their login is held. */
interface Late {
  readonly visitor: FleetVisitor;
  readonly label: string;
  readonly server: number;
  readonly hold: (typeof HOLDS)[number];
  answer?: NodeAnswer;
}

export function revocationRaces(open: OpenFleet): void {
  it.each(VERBS)(`%s ends what was there and the ${LOGINS} logins that were under way, on every server`, (verb) =>
    repeatably(async () => {
      const fleet = await open({});
      try {
        for (let round = 0; round < ROUNDS; round++)
          await revokeAmidLogins(fleet, verb, seeded(SEED + round), `${round}`);
        await fleet.expectLegal();
      } finally {
        await fleet.close();
      }
    }),
  );
}

/** That the same finds a store which does not compare the epoch, with the calls that prove it. */
export function revocationRacesObject(open: OpenFleet): void {
  it("and would not, were the epoch not compared: the same logins are then found", async () => {
    const fleet = await open({ broken: "epoch" });
    try {
      await expect(revokeAmidLogins(fleet, "revoke-user", seeded(1), "")).rejects.toThrow(/login held before admit/);
      await fleet.at(0, "/release");
      const { verdict, contradictions } = await fleet.verdict();
      expect(verdict).toBe("illegal");
      const asked = contradictions.map(({ calls }) => calls.map((call) => call.asked));
      expect(asked).toContainEqual(['login of "ann", beginning', 'revokeUser "ann"', "valid"]);
    } finally {
      await fleet.close();
    }
  });
}

async function revokeAmidLogins(
  fleet: Fleet,
  verb: (typeof VERBS)[number],
  random: Random,
  round: string,
): Promise<void> {
  const login = async (user: string, label: string): Promise<[FleetVisitor, string]> => {
    const visitor = fleet.visitor();
    await visitor.get(`/login?user=${user}&label=${label}`);
    return [visitor, label];
  };
  const [caller, bob, ...there] = await Promise.all([
    login("ann", `caller${round}`),
    login("bob", `bob${round}`),
    ...Array.from({ length: 5 }, (_, index) => login("ann", `there${round}.${index}`)),
  ]);
  const late = Array.from({ length: LOGINS }, (_, index): Late => {
    return {
      visitor: fleet.visitor(),
      label: `late${round}.${index}`,
      server: random.below(fleet.nodes.length),
      hold: random.pick(HOLDS),
    };
  });
  const logins = late.map(async (one) => {
    one.answer = await one.visitor.send(`/login?user=ann&label=${one.label}&hold=${one.hold}`, one.server);
  });
  await Promise.all(
    fleet.nodes.map((_, server) => {
      const held = late.filter((one) => one.server === server && one.hold !== "nowhere").length;
      return held === 0 ? undefined : fleet.at(server, `/held?count=${held}`);
    }),
  );
  // Those that nobody held go on at this moment, or have been in for long.
  const server = random.below(fleet.nodes.length);
  await (verb === "revoke-others"
    ? caller[0].send(`/revoke-others?user=ann&label=${caller[1]}`, server)
    : fleet.at(server, `/${verb}?user=ann`));
  await Promise.all(fleet.nodes.map((_, each) => fleet.at(each, "/release")));
  await Promise.all(logins);
  for (const { visitor, answer } of late) if (answer) visitor.keep(answer);
  const whose = async ([visitor, label]: [FleetVisitor, string]): Promise<unknown[]> => [
    ...new Set(await visitor.everywhere(`/valid?label=${label}`)),
  ];
  expect(await whose(caller), "the caller's").toEqual([verb === "revoke-others" ? "ann" : null]);
  expect(await whose(bob), "another user's").toEqual([verb === "revoke-all" ? null : "bob"]);
  expect(await Promise.all(there.map(whose)), "sessions that were there").toEqual(there.map(() => [null]));
  const found = await Promise.all(late.map(({ visitor, label }) => whose([visitor, label])));
  for (const [index, { hold, answer }] of late.entries()) {
    expect(found[index], "what all servers say of a login").toHaveLength(1);
    if (hold === "nowhere") continue;
    expect(found[index], `login held ${hold}`).toEqual([null]);
    expect(answer?.value, `login held ${hold}`).toBe(hold === "before admit" ? "SOJOURN_REVOKED" : "ann");
  }
}
