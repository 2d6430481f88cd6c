/** Several processes, and calls that are made in all of them at one moment. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { root } from "../../../scripts/run.ts";
import type { Clock } from "../../../src/clock.ts";
import type { Store } from "../../../src/stores/store.ts";
import type { HistoryEvent } from "../../../src/testing/history/event.ts";
import type { FromChild, FromParent, OpenedRemotely, Task } from "./child.ts";
import type { StoreDescription } from "./description.ts";
import type { NodeAnswer, NodeOptions, ServerNode } from "./node.ts";

/** The child as one file: four processes that each compile it would take longer than what they are started for. */
function bundle(): string {
  const folder = join(root, "node_modules/.cache/sojourn-tests");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `child-${process.pid}.mjs`);
  buildSync({
    absWorkingDir: root,
    entryPoints: [join(root, "test/support/processes/child.ts")],
    alias: { "#crypto": join(root, "src/crypto/node.ts") },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    outfile,
  });
  return outfile;
}

interface Asked {
  readonly child: number;
  readonly task: Task & { readonly id: number };
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** A server of the application in some process. */
export interface RemoteNode extends Omit<ServerNode, "history"> {
  history(): Promise<readonly HistoryEvent[]>;
  close(): Promise<void>;
}

/**
 * Starts so many. What is asked of them in one turn of the event loop is handed out first, and is begun in all of them when
 * the last one has said that it has its part.
 */
export class Processes {
  readonly #children: readonly ChildProcess[];
  readonly #program = bundle();
  /** What time it is: that of the store which was opened last with a clock of its own. */
  #clock: Clock = Date.now;
  readonly #asked = new Map<number, Asked>();
  readonly #ready = new Map<number, () => void>();
  #turn: Asked[] = [];
  #ids = 0;

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () =>
      fork(this.#program, { execArgv: [], serialization: "advanced" }),
    );
    for (const child of this.#children) {
      child.on("message", (message: FromChild) => this.#told(message));
      child.once("exit", (code) => this.#lost(new Error(`a process ended with ${code}`)));
    }
  }

  get count(): number {
    return this.#children.length;
  }

  /** A stand-in for a store that the process with this number opens. */
  async openStore(child: number, store: StoreDescription, clock: Clock): Promise<Store & { close(): Promise<void> }> {
    this.#clock = clock;
    const name = this.#freshName();
    const opened = (await this.ask(child, { do: "open", name, store })) as OpenedRemotely;
    const verbs = opened.verbs.map((verb) => {
      const call = (...args: readonly unknown[]): Promise<unknown> => this.ask(child, { do: "call", name, verb, args });
      return [verb, call] as const;
    });
    return {
      ...Object.fromEntries(verbs),
      name: opened.name,
      consistency: opened.consistency,
      close: () => this.ask(child, { do: "close", name }) as Promise<void>,
    } as Store & { close(): Promise<void> };
  }

  /** A server of the application. */
  async openNode(child: number, store: StoreDescription, node: NodeOptions, clock: Clock): Promise<RemoteNode> {
    this.#clock = clock;
    const name = this.#freshName();
    await this.ask(child, { do: "open", name, store, node });
    return {
      serve: (request) => this.ask(child, { do: "serve", name, request }) as Promise<NodeAnswer>,
      history: () => this.ask(child, { do: "history", name }) as Promise<readonly HistoryEvent[]>,
      close: () => this.ask(child, { do: "close", name }) as Promise<void>,
    };
  }

  /** Resolves when all of them answer. */
  async started(): Promise<void> {
    await Promise.all(this.#children.map((_, child) => this.ask(child, { do: "history", name: "" })));
  }

  ask(child: number, task: Task): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#turn.length === 0) setImmediate(() => this.#begin());
      this.#ids += 1;
      this.#turn.push({ child, task: { ...task, id: this.#ids }, resolve, reject });
    });
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        child.removeAllListeners("exit");
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        child.disconnect();
        await ended;
      }),
    );
    rmSync(this.#program, { force: true });
  }

  #freshName(): string {
    this.#ids += 1;
    return `${this.#ids}`;
  }

  #begin(): void {
    const turn = this.#turn;
    this.#turn = [];
    this.#ids += 1;
    const batch = this.#ids;
    const now = this.#clock();
    const parts = new Map<number, Asked[]>();
    for (const asked of turn) {
      this.#asked.set(asked.task.id, asked);
      parts.set(asked.child, [...(parts.get(asked.child) ?? []), asked]);
    }
    let missing = parts.size;
    this.#ready.set(batch, () => {
      missing -= 1;
      if (missing > 0) return;
      this.#ready.delete(batch);
      for (const child of parts.keys()) this.#send(child, { type: "go", batch, now });
    });
    for (const [child, part] of parts)
      this.#send(child, { type: "prepare", batch, tasks: part.map(({ task }) => task) });
  }

  #send(child: number, message: FromParent): void {
    this.#children[child]?.send(message);
  }

  #told(message: FromChild): void {
    if (message.type === "ready") {
      this.#ready.get(message.batch)?.();
      return;
    }
    const asked = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (message.type === "done") asked?.resolve(message.value);
    else asked?.reject(new Error(`in process ${asked.child}: ${message.message}`));
  }

  #lost(error: Error): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
