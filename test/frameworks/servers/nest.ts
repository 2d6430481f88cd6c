/** The application of the suites on NestJS, over both of its HTTP adapters. */
import "reflect-metadata";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { All, Controller, type INestApplication, Module, Req, Res, StreamableFile } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { CurrentSession, type NestOptions, SessionModule } from "../../../src/adapters/nest.ts";
import type { Session, Sessions } from "../../../src/index.ts";
import type { Ways } from "../../support/adapter-suites/guarantees.ts";
import { type Adapter, type Application, type Data, pathOf, type Running, type Start } from "../../support/adapters.ts";
import { overHttp, overHttp2 } from "../../support/sockets.ts";

/** What both of Nest's responses have in common. */
interface Reply {
  setHeader?(name: string, value: unknown): unknown;
  header(name: string, value: unknown): Reply;
  status(code: number): Reply;
}

function rootModule(sessions: Sessions<Data>, application: Application, options: NestOptions): object {
  @Controller()
  class Everything {
    @All("*")
    async answer(
      @CurrentSession() session: Session<Data>,
      @Req() request: { url: string },
      @Res({ passthrough: true }) reply: Reply,
    ): Promise<StreamableFile | string | undefined> {
      const { status = 200, headers = {}, body } = await application(session, pathOf(request.url));
      for (const [name, value] of Object.entries(headers)) {
        if (reply.setHeader) reply.setHeader(name, value);
        else reply.header(name, value);
      }
      reply.status(status);
      return typeof body === "function" ? new StreamableFile(Readable.from(body(), { objectMode: false })) : body;
    }
  }

  @Module({
    imports: [SessionModule.forRootAsync({ useFactory: async () => sessions }, options)],
    controllers: [Everything],
  })
  class Root {}
  return Root;
}

export async function listening(app: INestApplication): Promise<Running> {
  await app.listen(0, "127.0.0.1");
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { send: overHttp(port), port, close: () => void app.close() };
}

const platforms = {
  express: () => new ExpressAdapter(),
  fastify: () => fastifyPlatform({ forceCloseConnections: true }),
};

function fastifyPlatform(options: object): FastifyAdapter {
  const platform = new FastifyAdapter(options);
  // Fastify itself refuses bodies of kinds that it does not know.
  platform.getInstance().addContentTypeParser("*", (_request, _payload, done) => done(null));
  return platform;
}

const starter =
  (platform: () => object, times: number): Start =>
  async (sessions, application, onError = () => {}) => {
    let root = rootModule(sessions, application, { onError });
    for (let time = 1; time < times; time++) {
      const around = class {};
      Module({ imports: [SessionModule.forRoot(sessions, { onError }), root as new () => object] })(around);
      root = around;
    }
    const app = await NestFactory.create(root, platform() as ExpressAdapter, {
      logger: false,
      forceCloseConnections: true,
    });
    return listening(app);
  };

const nameOf = (platform: string): string => `nest, ${platform}, on node`;

export const nests: readonly Adapter[] = Object.entries(platforms).map(([name, platform]) => ({
  name: nameOf(name),
  start: starter(platform, 1),
}));

const overFastifyHttp2: Start = async (...given) => {
  const { port, close } = await starter(() => fastifyPlatform({ http2: true }), 1)(...given);
  return { send: overHttp2(port as number), port: undefined, close };
};

/** The module is imported twice. */
export const nestWays: Readonly<Record<string, Ways>> = {
  [nameOf("express")]: { mounted: starter(platforms.express, 2) },
  [nameOf("fastify")]: { mounted: starter(platforms.fastify, 2), http2: overFastifyHttp2 },
};
