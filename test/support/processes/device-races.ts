/**
 * What the devices of one user do to each other at the same moment, each on a server of its own: of those that end all others
 * exactly one is left, and a login that had begun does not outlive them.
 */
import { expect, it } from "vitest";
import type { Fleet, FleetVisitor } from "./fleet.ts";
import type { OpenFleet } from "./revocations.ts";
import { type Rounds, random } from "./rounds.ts";

async function devicesOf(fleet: Fleet, user: string, count: number): Promise<FleetVisitor[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const visitor = fleet.visitor();
      await visitor.get(`/login?user=${user}`);
      return visitor;
    }),
  );
}

/** How many of them are logged in, by every server's word. */
async function alive(devices: readonly FleetVisitor[]): Promise<number> {
  const told = await Promise.all(devices.map(async (device) => [...new Set(await device.everywhere("/valid"))]));
  for (const each of told) expect(each, "all servers say the same").toHaveLength(1);
  return told.filter(([user]) => user !== null).length;
}

export function deviceRaces(open: OpenFleet, rounds: Rounds): void {
  const withFleet = async (body: (fleet: Fleet, round: number) => Promise<void>): Promise<void> => {
    const fleet = await open({});
    try {
      for (let round = 0; round < rounds.count; round++) await body(fleet, round);
    } finally {
      await fleet.close();
    }
  };

  it.each([2, 5])("of %i devices that log out all others at once exactly one is left", (count) =>
    withFleet(async (fleet, round) => {
      const devices = await devicesOf(fleet, `ann${count}.${round}`, count);
      const answers = await Promise.all(devices.map((device, index) => device.attempt("/revoke-others", index)));
      for (const { status } of answers) expect([200, 401]).toContain(status);
      expect(await alive(devices), `round ${round}`).toBe(1);
    }),
  );

  it("a login that had begun before all of the user's sessions are ended is none afterwards", () =>
    withFleet(async (fleet, round) => {
      const user = `bob${round}`;
      const logins = await devicesOf(fleet, user, 2);
      const late = Array.from({ length: 6 }, () => fleet.visitor());
      const under = late.map((visitor, index) => visitor.attempt(`/login?user=${user}&hold=before admit`, index));
      await Promise.all(fleet.nodes.map((_, server) => fleet.at(server, `/held?count=${heldAt(fleet, late, server)}`)));
      await fleet.at(random(round), `/revoke-user?user=${user}`);
      await Promise.all(fleet.nodes.map((_, server) => fleet.at(server, "/release")));
      for (const [index, answer] of (await Promise.all(under)).entries()) late[index]?.keep(answer);
      expect(await alive([...logins, ...late]), `round ${round}`).toBe(0);
    }));
}

function heldAt(fleet: Fleet, visitors: readonly FleetVisitor[], server: number): number {
  return visitors.filter((_, index) => index % fleet.nodes.length === server).length;
}
