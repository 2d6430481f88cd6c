/**
 * What the adapter for Nuxt uses of an event, written down here so that nothing of h3 is imported.
 */
import type { NodeRequest, NodeResponse } from "../adapter.ts";

/** The part of an event of h3 1 that is used. */
export interface NuxtEvent {
  readonly node: { readonly req: NodeRequest; readonly res: NodeResponse };
  readonly context: object;
}
