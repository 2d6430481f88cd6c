/**
 * The connection to one memcached server, which is made anew after a failure, and its commands and answers in one
 * order.
 */
import type { Socket } from "node:net";
import { connect } from "node:net";
import { SessionError } from "../../errors.ts";
import { clearTimeout, setTimeout, stopwatchNow } from "../parts/timers.ts";
import type { Reply } from "./replies.ts";
import { isRefusal, oneOf } from "./replies.ts";

/** Where a server is. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** A Unix socket, in place of host and port. */
  readonly path?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

interface Waiting {
  readonly due: number;
  readonly reply: Reply<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One life of a connection: commands go out at once, answers come in the same order. */
class Line {
  readonly #socket: Socket;
  readonly #timeout: number;
  readonly #waiting: Waiting[] = [];
  #arrived: Buffer = Buffer.alloc(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failure: Error | undefined;

  constructor(socket: Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", (error) => this.fail(error));
    socket.on("close", () => this.fail(new Error("memcached closed the connection")));
  }

  get usable(): boolean {
    return this.#failure === undefined;
  }

  ask<T>(command: string, reply: Reply<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      const due = stopwatchNow() + this.#timeout;
      this.#waiting.push({ due, reply, resolve: resolve as Waiting["resolve"], reject });
      this.#socket.write(command);
      this.#watch();
    });
  }

  /** Nothing can be known of the answers that are still to come, so all who wait are told. */
  fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    this.#arrived = Buffer.alloc(0);
    for (const each of this.#waiting.splice(0)) each.reject(error);
  }

  /** Ends the connection when every answer has come. */
  async end(): Promise<void> {
    const last = this.#waiting.at(-1);
    if (last) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ due: last.due, reply: nothing, resolve: () => resolve(), reject: () => resolve() });
      });
    }
    this.fail(new Error("the connection to memcached was closed"));
  }

  #take(bytes: Buffer): void {
    this.#arrived = this.#arrived.length === 0 ? bytes : Buffer.concat([this.#arrived, bytes]);
    for (let first = this.#waiting[0]; first && this.#failure === undefined; first = this.#waiting[0]) {
      if (!this.#answer(first)) return;
    }
  }

  /** False while the answer is not whole. */
  #answer(first: Waiting): boolean {
    try {
      const parsed = first.reply(this.#arrived);
      if (parsed === undefined) return false;
      this.#arrived = this.#arrived.subarray(parsed.length);
      first.resolve(parsed.value);
    } catch (error) {
      if (!isRefusal(error)) {
        this.fail(error as Error);
        return false;
      }
      this.#arrived = this.#arrived.subarray(this.#arrived.indexOf("\r\n", 0, "latin1") + 2);
      first.reject(error);
    }
    this.#waiting.shift();
    return true;
  }

  /** All wait equally long, so one timer, for the oldest, serves them all. */
  #watch(): void {
    const first = this.#waiting[0];
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        const now = stopwatchNow();
        if ((this.#waiting[0]?.due ?? Number.POSITIVE_INFINITY) <= now) this.fail(late(this.#timeout));
        else this.#watch();
      },
      Math.max(0, first.due - stopwatchNow()),
    );
    this.#timer.unref?.();
  }
}

/** Comes when all before it have come. */
const nothing: Reply<undefined> = () => ({ value: undefined, length: 0 });

function late(timeout: number): SessionError {
  return new SessionError(
    "SOJOURN_STORE_UNAVAILABLE",
    `memcached did not answer within ${timeout} ms ("timeout"). A write may have been applied; it is not repeated.`,
  );
}

/** One server: connected on first use, and again after every failure. What was under way then is never sent again. */
export class Connection {
  readonly #address: Address;
  readonly #timeout: number;
  #line: Line | undefined;
  #connecting: Promise<Line> | undefined;

  constructor(address: Address, timeout: number) {
    this.#address = address;
    this.#timeout = timeout;
  }

  async ask<T>(command: string, reply: Reply<T>): Promise<T> {
    const line = this.#line?.usable ? this.#line : await this.#connect();
    return line.ask(command, reply);
  }

  async end(): Promise<void> {
    const line = await this.#connecting?.catch(() => undefined);
    await (line ?? this.#line)?.end();
  }

  #connect(): Promise<Line> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #open(): Promise<Line> {
    const { host, port, path, user, password = "" } = this.#address;
    const socket = connect(path === undefined ? { host, port } : { path });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    await connected(socket, this.#timeout);
    const line = new Line(socket, this.#timeout);
    if (user !== undefined) {
      const words = `${user} ${password}`;
      // With -Y a `set` of any key is the login.
      const login = `set sojourn 0 0 ${Buffer.byteLength(words)}\r\n${words}\r\n`;
      await line.ask(login, oneOf({ STORED: true })).catch((cause: unknown) => {
        line.fail(cause as Error);
        throw new Error("memcached did not take the user and password", { cause });
      });
    }
    this.#line = line;
    return line;
  }
}

function connected(socket: Socket, timeout: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(late(timeout)), timeout);
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      socket.off("error", onError).off("close", onClose).off("connect", onConnect);
      act();
    };
    const onConnect = (): void => settle(resolve);
    const onError = (error: Error): void => settle(() => reject(error));
    const onClose = (): void => settle(() => reject(new Error("memcached closed the connection")));
    socket.once("connect", onConnect).once("error", onError).once("close", onClose);
  });
}
