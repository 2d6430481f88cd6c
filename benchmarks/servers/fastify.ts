/** On Fastify: @fastify/secure-session, whose cookies are sealed by libsodium, a native addon. */
import type { Server } from "node:http";
import { type Data, increment, page, SECRET } from "../application.ts";
import { peer } from "../peers.ts";
import type { MakeServer } from "./serve.ts";

/** The parts of Fastify and of the plugin that are used. */
interface SecureSession {
  get(name: "data"): Data | undefined;
  set(name: "data", data: Data): void;
}
interface FastifyReply {
  type(type: string): FastifyReply;
  send(body: string): unknown;
}
interface Fastify {
  readonly server: Server;
  register(plugin: unknown, options: object): unknown;
  get(path: string, handler: (request: { session: SecureSession }, reply: FastifyReply) => unknown): void;
  post(path: string, handler: (request: { session: SecureSession }, reply: FastifyReply) => unknown): void;
  ready(): Promise<unknown>;
}

async function app(sessions: boolean): Promise<Server> {
  const fastify = peer<() => Fastify>("fastify")();
  const cookie = { path: "/", secure: true, httpOnly: true, sameSite: "lax" };
  if (sessions) {
    fastify.register(peer("@fastify/secure-session"), { key: Buffer.from(SECRET, "base64url"), cookie });
  }
  const answer = (reply: FastifyReply, count: number | undefined): unknown =>
    reply.type("text/plain; charset=utf-8").send(page(count));
  fastify.get("/anonymous", (_request, reply) => answer(reply, 0));
  fastify.get("/read", ({ session }, reply) => answer(reply, sessions ? session.get("data")?.count : 0));
  fastify.post("/change", ({ session }, reply) => {
    if (!sessions) return answer(reply, 0);
    const data = session.get("data") ?? {};
    const count = increment(data);
    session.set("data", data);
    return answer(reply, count);
  });
  await fastify.ready();
  return fastify.server;
}

export const fastifyServers: Record<string, MakeServer> = {
  Fastify: () => app(false),
  "@fastify/secure-session": () => app(true),
};
