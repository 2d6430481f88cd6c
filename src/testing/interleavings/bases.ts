/**
 * Bases that no runs use now, kept by who opens their stores, so that the next scenario with the same beginning takes
 * one of them.
 */
import { createSessions } from "../../index.ts";
import { type Base, type Beginning, makeBase, type OpenSessions } from "./base.ts";
import type { OpenStore } from "./reused-store.ts";
import type { Scenario } from "./world.ts";

/** Those that nobody uses now, by who opens their stores. */
const idle = new WeakMap<OpenStore, Base[]>();

/** What runs of the scenario begin with: to make it costs as much as many runs, and it is the same for any deeds. */
export async function takeBase(
  { deeds: _, ...beginning }: Scenario,
  openStore: OpenStore,
  open: OpenSessions = createSessions as OpenSessions,
): Promise<Base> {
  const spare = idle.get(openStore) ?? [];
  const at = spare.findIndex((base) => base.openSessions === open && sameBeginning(base.scenario, beginning));
  return at === -1 ? makeBase(beginning, openStore, open) : (spare.splice(at, 1)[0] as Base);
}

/** Nobody plays from it any more; another one may. */
export function giveBack(base: Base): void {
  idle.set(base.openStore, [base, ...(idle.get(base.openStore) ?? [])]);
}

function sameBeginning(one: Beginning, other: Beginning): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
}
