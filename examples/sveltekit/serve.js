/**
 * The server of adapter-node, for http on localhost: it takes every request for https unless a header says otherwise, and refuses
 * forms of the "other" origin. Behind a proxy that sets the header, `PROTOCOL_HEADER=x-forwarded-proto node build` is enough.
 */
import { createServer } from "node:http";

process.env.PROTOCOL_HEADER = "x-forwarded-proto";
const { handler } = await import("./build/handler.js");

createServer((req, res) => {
  req.headers["x-forwarded-proto"] = "http";
  handler(req, res);
}).listen(Number(process.env.PORT ?? 3000));
