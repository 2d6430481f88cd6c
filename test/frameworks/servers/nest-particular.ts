/** A small application of NestJS: guards, `@Sse`, forms, and what is made of other providers. */
import "reflect-metadata";
import { Controller, Get, HttpException, Module, Post, Redirect, Sse, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { from, map, type Observable } from "rxjs";
import { CsrfGuard, CurrentSession, SESSIONS, SessionModule, SignedIn } from "../../../src/adapters/nest.ts";
import { type AllSessions, createSessions, type Session } from "../../../src/index.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Data } from "../../support/adapters.ts";
import { Client } from "../../support/client.ts";
import { SECRET } from "../../support/visitor.ts";
import { listening } from "./nest.ts";

@Controller()
class Pages {
  @Get("private")
  @UseGuards(SignedIn)
  whoami(@CurrentSession() session: Session<Data>): string | undefined {
    return session.userId;
  }

  @Post("login")
  @Redirect("/", 303)
  async login(@CurrentSession() session: Session<Data>): Promise<void> {
    await session.login("ann");
  }

  @Sse("events")
  events(@CurrentSession() session: Session<Data>): Observable<{ data: string }> {
    session.data.count = 1;
    return from([1, 2]).pipe(map((n) => ({ data: String(n) })));
  }

  @Get("count")
  count(@CurrentSession() session: Session<Data>): string {
    return String(session.data.count);
  }

  @Get("unserialisable")
  async unserialisable(@CurrentSession() session: Session<Data>): Promise<void> {
    await session.update("bad", () => () => {});
  }

  @Get("token")
  token(@CurrentSession() session: Session<Data>): Promise<string> {
    return session.csrfToken();
  }

  @Post("form")
  form(): string {
    return "posted";
  }
}

export interface Started {
  readonly client: Client;
  readonly send: (request: Request) => Promise<Response>;
  readonly sessions: AllSessions<Data>;
  /** What a service is given for SESSIONS. */
  readonly injected: unknown;
  close(): void;
}

export async function startParticular(platform: "express" | "fastify"): Promise<Started> {
  const sessions = createSessions<Data>({ secrets: SECRET, store: memoryStore() });
  const toException = (error: { code: string; status: number }): HttpException =>
    new HttpException({ statusCode: error.status, message: error.code }, error.status);

  @Module({ providers: [{ provide: "sessions", useValue: sessions }], exports: ["sessions"] })
  class Stored {}

  const useFactory = (injected: AllSessions<Data>): AllSessions<Data> => injected;
  const configured = { imports: [Stored], inject: ["sessions"], useFactory };
  @Module({
    imports: [SessionModule.forRootAsync(configured, { csrf: false, toException, onError: () => {} })],
    controllers: [Pages],
  })
  class Root {}

  const adapter = platform === "express" ? new ExpressAdapter() : (new FastifyAdapter() as unknown as ExpressAdapter);
  const app = await NestFactory.create(Root, adapter, { logger: false, forceCloseConnections: true });
  app.useGlobalGuards(new CsrfGuard());
  const { send, close } = await listening(app);
  return { client: new Client(send), send, sessions, injected: app.get(SESSIONS), close };
}
