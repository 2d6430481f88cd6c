/** A process that opens stores and servers as it is told, and makes calls when it is told to go. */
import { type DescribedStore, openDescribed, type StoreDescription } from "./description.ts";
import { type NodeOptions, type NodeRequest, openNode, type ServerNode } from "./node.ts";

/** What the parent asks for. */
export type Task =
  | { readonly do: "open"; readonly name: string; readonly store: StoreDescription; readonly node?: NodeOptions }
  | { readonly do: "call"; readonly name: string; readonly verb: string; readonly args: readonly unknown[] }
  | { readonly do: "serve"; readonly name: string; readonly request: NodeRequest }
  | { readonly do: "history" | "close"; readonly name: string };

export type FromParent =
  | { readonly type: "prepare"; readonly batch: number; readonly tasks: readonly (Task & { readonly id: number })[] }
  | { readonly type: "go"; readonly batch: number; readonly now: number };

export type FromChild =
  | { readonly type: "ready"; readonly batch: number }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly message: string };

/** What `open` answers with: the store as the parent's stand-in must look. */
export interface OpenedRemotely {
  readonly name: string;
  readonly consistency: "cas" | "insert-update" | "none";
  readonly verbs: readonly string[];
}

const VERBS = ["get", "create", "update", "touch", "delete", "epoch", "admit", "list", "deleteAll", "scan", "clear"];

/** The instant of the test; every message that starts something brings it. */
let now = 0;
const stores = new Map<string, DescribedStore>();
const nodes = new Map<string, ServerNode>();
const batches = new Map<number, readonly (Task & { readonly id: number })[]>();

function tell(message: FromChild): void {
  process.send?.(message);
}

async function perform(task: Task): Promise<unknown> {
  switch (task.do) {
    case "open": {
      const opened = await openDescribed(task.store, () => now);
      stores.set(task.name, opened);
      const { store } = opened;
      if (task.node)
        nodes.set(
          task.name,
          openNode(store, () => now, task.node),
        );
      const verbs = VERBS.filter((verb) => verb in store);
      return { name: store.name, consistency: store.consistency, verbs } satisfies OpenedRemotely;
    }
    case "call": {
      const store = stores.get(task.name)?.store as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      return store[task.verb]?.(...task.args);
    }
    case "serve":
      return nodes.get(task.name)?.serve(task.request);
    case "history":
      return nodes.get(task.name)?.history();
    case "close":
      await stores.get(task.name)?.close();
      stores.delete(task.name);
      nodes.delete(task.name);
      return undefined;
  }
}

process.on("message", (message: FromParent) => {
  if (message.type === "prepare") {
    batches.set(message.batch, message.tasks);
    tell({ type: "ready", batch: message.batch });
    return;
  }
  now = message.now;
  const tasks = batches.get(message.batch) ?? [];
  batches.delete(message.batch);
  for (const task of tasks) {
    perform(task).then(
      (value) => tell({ type: "done", id: task.id, value }),
      (error: unknown) => tell({ type: "failed", id: task.id, message: String((error as Error).stack) }),
    );
  }
});
process.on("disconnect", () => process.exit());
