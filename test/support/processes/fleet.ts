/** Several servers of one application, and those who visit them. */
import { expect } from "vitest";
import type { FakeClock } from "../../../src/testing/fake-clock.ts";
import { checkHistory, type HistoryVerdict } from "../../../src/testing/history/check.ts";
import { describeVerdict } from "../../../src/testing/history/text.ts";
import type { NodeAnswer } from "./node.ts";
import type { RemoteNode } from "./processes.ts";

export class Fleet {
  readonly clock: FakeClock;
  readonly nodes: readonly RemoteNode[];

  constructor(nodes: readonly RemoteNode[], clock: FakeClock) {
    this.nodes = nodes;
    this.clock = clock;
  }

  /** A browser without cookies. */
  visitor(): FleetVisitor {
    return new FleetVisitor(this);
  }

  /** A request without cookies, to the server with this number. */
  async at(server: number, path: string): Promise<unknown> {
    return succeeded(path, await this.node(server).serve({ path, cookie: "" })).value;
  }

  node(server: number): RemoteNode {
    return this.nodes[server % this.nodes.length] as RemoteNode;
  }

  /** What the checker says of everything that was done. */
  async verdict(): Promise<HistoryVerdict> {
    const parts = await Promise.all(this.nodes.map((node) => node.history()));
    return checkHistory(parts.flat());
  }

  async expectLegal(): Promise<void> {
    const verdict = await this.verdict();
    expect(verdict.verdict, describeVerdict(verdict)).toBe("legal");
    expect(verdict.sessions).toBeGreaterThan(0);
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
  }
}

function succeeded(path: string, answer: NodeAnswer): NodeAnswer {
  if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}`);
  return answer;
}

/** One browser: its cookies by name. */
export class FleetVisitor {
  readonly #fleet: Fleet;
  readonly #cookies = new Map<string, string>();
  #turn = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** A request whose answer arrives, to one server after the other. */
  async get(path: string): Promise<unknown> {
    this.#turn += 1;
    const answer = await this.send(path, this.#turn);
    this.keep(answer);
    return answer.value;
  }

  /** A request with the cookies of now, whose answer's cookies wait for `keep`. It must succeed. */
  async send(path: string, server: number): Promise<NodeAnswer> {
    return succeeded(path, await this.attempt(path, server));
  }

  /** The same, whatever it is answered. */
  attempt(path: string, server: number): Promise<NodeAnswer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return this.#fleet.node(server).serve({ path, cookie });
  }

  /** The same of every server at once. */
  async everywhere(path: string): Promise<unknown[]> {
    const answers = await Promise.all(this.#fleet.nodes.map((_, server) => this.send(path, server)));
    return answers.map(({ value }) => value);
  }

  keep({ setCookies }: NodeAnswer): void {
    for (const line of setCookies) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      if (pair.length === at + 1) this.#cookies.delete(pair.slice(0, at));
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }
}
