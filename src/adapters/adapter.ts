/**
 * For authors of adapters: everything that the built-in ones are made of. docs/writing-an-adapter.md has two complete
 * ones.
 *
 * - **Fetch-like frameworks**, whose handler gives a `Response`: `runRequest`.
 * - **Node-like ones**, which write into Node's response: `openNode`, `answerNode`, `nodeOpening`.
 * - **Others** (server actions, functions of a cloud, frameworks with cookies of their own): `runSession`, `cookiesOf`.
 * - For all: `answerOf` (what is thrown and is an answer), `refusal`, `ready`, `lazySessions`.
 *
 * @module
 */
export { answerOf } from "../request/answer.ts";
export { logFailure, type Refusal, refusal, tells } from "../request/error-response.ts";
export { formField } from "../request/form-field.ts";
export { releaseAfter, respond, runLazyRequest, runRequest, withHeaders } from "../request/handle.ts";
export { inHand } from "../request/nested.ts";
export { partOf, SessionPart } from "../request/part.ts";
export { type RunOptions, runSession } from "../request/run-session.ts";
export type { CommitOptions, HandleOptions, OpenOptions, Protection, ReadBody } from "../sessions.ts";
export { applyHeaders } from "../transport/apply.ts";
export { cookiesOf, headersOf, type StructuredAttributes, type StructuredCookie } from "../transport/cookies-of.ts";
export { NodeSource, sourceOf, withAddress } from "../transport/source.ts";
export { lazySessions, ready } from "./lazy/lazy-sessions.ts";
export { NodeOpening, type NodeRequest, type OnError } from "./node/node-opening.ts";
export { type LazyNodeOptions, mayWait, openNodeLazily } from "./node/open-lazily.ts";
export { isOpened, nodeOpening, type OpenNodeOptions, openNode } from "./node/open-node.ts";
export type { NodeResponse } from "./node/response.ts";
export { answerNode } from "./node/send-error.ts";
