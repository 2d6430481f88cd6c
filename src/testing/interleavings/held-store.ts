/**
 * The store as a process of a run sees it: each call becomes a step on the stage, with its footprint and its fate.
 */
import type { Store } from "../../stores/store.ts";
import type { StoreVerb } from "../instrumented-store.ts";
import { InjectedFailure, type Stage } from "./stage.ts";
import { type Footprint, footprintOf, footprintOfReplace } from "./step.ts";

/** The run that a process belongs to, which begins after the process was made. */
export interface Place {
  readonly stage: Stage;
  readonly store: Store;
  /** Hold each call that writes once more when it has taken effect, before its answer arrives. */
  readonly answers: boolean;
  /** Told of each call that took effect. */
  onEffect(verb: string, args: readonly unknown[], answer: unknown): void;
}

/** How the calls of one process are held. */
export interface HeldOptions {
  readonly place: () => Place;
  /** Whose call this is. */
  readonly actor: () => string;
  /** Take `replace` away, so that a replacement takes two steps, as with stores that have none. */
  readonly twoSteps: boolean;
}

const VERBS: ReadonlySet<PropertyKey> = new Set([
  ...["get", "create", "update", "touch", "delete", "epoch", "admit", "replace", "end", "list", "deleteAll"],
  ...["scan", "clear", "deleteExpired"],
]);

/** Whose answer is held, too, has only read earlier: that order is played without. */
const READS: ReadonlySet<string> = new Set(["get", "epoch", "list", "scan"]);

const LOCAL: Footprint = { reads: [], writes: [] };

function footprint(verb: string, args: readonly unknown[]): Footprint {
  if (verb === "admit") return footprintOf("admit", args, isLimited(args[2]));
  if (verb !== "replace") return footprintOf(verb as StoreVerb, args, false);
  return footprintOfReplace(args[0], (args[2] as { readonly key?: unknown }).key, isLimited(args[3]));
}

function isLimited(admission: unknown): boolean {
  return (admission as { readonly limit?: unknown } | undefined)?.limit !== undefined;
}

/**
 * A store whose every call is held before it takes effect, and, when asked, each that writes once more before its
 * answer arrives.
 *
 * @param shape A store with the verbs that those of all runs have.
 */
export function heldStore<S extends Store>(shape: S, { place, actor, twoSteps }: HeldOptions): S {
  const call = async (verb: string, args: readonly unknown[]): Promise<unknown> => {
    const { stage, store, answers, onEffect } = place();
    const who = actor();
    const fate = await stage.hold({ actor: who, name: verb, footprint: footprint(verb, args), args, canFail: true });
    if (fate === "fails") throw new InjectedFailure(`${verb} was made to fail before the store had seen it`);
    const method = Reflect.get(store, verb, store) as (...args: readonly unknown[]) => Promise<unknown>;
    const answer = await stage.inside(() => Reflect.apply(method, store, args));
    onEffect(verb, args, answer);
    if (fate === "answer lost") throw new InjectedFailure(`${verb} took effect, and its answer was lost`);
    if (answers && !READS.has(verb)) await stage.hold({ actor: who, name: `${verb} answers`, footprint: LOCAL });
    return answer;
  };
  return new Proxy(shape, {
    has: (target, name) => !(twoSteps && name === "replace") && Reflect.has(target, name),
    get: (target, name) => {
      if (twoSteps && name === "replace") return undefined;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!VERBS.has(name)) return value.bind(target) as unknown;
      return (...args: readonly unknown[]) => call(String(name), args);
    },
  });
}
