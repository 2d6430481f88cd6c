/** An application with express-session over a store of ours, and its browsers. */
import { createHash } from "node:crypto";
import session from "express-session";
import { onTestFinished } from "vitest";
import { type ToExpressStoreOptions, toExpressStore } from "../../../src/stores/express-session.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { Store } from "../../../src/stores/store.ts";
import { instrumentedStore } from "../../../src/testing/index.ts";
import { gate } from "../../support/client.ts";
import { type Browser, sessionIn, startApplication } from "../../support/express-session.ts";

export const keyOf = (sid: string): string => createHash("sha256").update(sid).digest("base64url");

/** Ends with the test that started it. */
export async function start(
  sessionOptions: Partial<session.SessionOptions> = {},
  options: ToExpressStoreOptions = {},
  inner: Store = memoryStore(),
) {
  const instrument = instrumentedStore(inner);
  const store = toExpressStore(instrument.store, session, options);
  /** Requests to /slow and /read-slowly wait in the middle until it is opened. */
  const slow = gate();
  const application = await startApplication({ ...sessionOptions, store }, (app) => {
    app.get("/", (req, res) => void res.json({ ...sessionIn(req), cookie: undefined }));
    app.get("/set/:key", (req, res) => {
      sessionIn(req)[req.params.key as "n1"] = Number(req.query.to ?? 1);
      res.end("set");
    });
    app.get("/unset/:key", (req, res) => {
      delete sessionIn(req)[req.params.key as "n1"];
      res.end("unset");
    });
    app.get("/slow/:key", async (req, res) => {
      await slow.pass();
      sessionIn(req)[req.params.key as "n1"] = 1;
      res.end("slow");
    });
    app.get("/read-slowly", async (_req, res) => {
      await slow.pass();
      res.end("read");
    });
    app.get("/login", (req, res, next) => {
      sessionIn(req).regenerate((error) => {
        if (error) return next(error);
        sessionIn(req).user = "ann";
        sessionIn(req).save((failure) => (failure ? next(failure) : res.end("in")));
      });
    });
    app.get("/logout", (req, res, next) => {
      sessionIn(req).destroy((error) => (error ? next(error) : res.end("out")));
    });
    app.get("/null", (req, res) => {
      (req as { session: unknown }).session = null;
      res.end();
    });
    app.get("/remember", (req, res) => {
      sessionIn(req).cookie.maxAge = 30 * 86_400_000;
      res.end("30 days");
    });
    app.get("/cookie", (req, res) => {
      const { originalMaxAge, maxAge, expires } = sessionIn(req).cookie;
      res.json({ originalMaxAge, maxAge, expires });
    });
    app.get("/twice", (req, res, next) => {
      sessionIn(req).n1 = 1;
      sessionIn(req).save((error) => {
        if (error) return next(error);
        sessionIn(req).n2 = 2;
        sessionIn(req).save();
        sessionIn(req).n3 = 3;
        sessionIn(req).reload((failure) => {
          if (failure) return next(failure);
          sessionIn(req).n4 = 4;
          res.end("twice");
        });
      });
    });
  });
  onTestFinished(() => application.close());
  const browser = application.browser();
  /** Another tab: the same cookie, and from then on its own. */
  const twin = (): Browser => {
    const other = application.browser();
    other.cookie = browser.cookie;
    return other;
  };
  return { browser, twin, another: application.browser, store, inner, instrument, slow };
}

/** What the store has for a browser's session. */
export async function stored(inner: Store, sid: string): Promise<Record<string, unknown> | null> {
  const record = await inner.get(keyOf(sid));
  return record && JSON.parse(record.payload);
}
