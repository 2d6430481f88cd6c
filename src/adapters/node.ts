/**
 * Sojourn for `node:http`, HTTP/2's compatibility API, and whatever else hands on Node's own request and response.
 *
 * @module
 */
import type { OpenOptions, Session, Sessions } from "../index.ts";
import { forbidden, refusal } from "../outcome.ts";
import { logFailure, type OnError, openedFor, openOn } from "./node/opened.ts";
import { answer, type NodeResponse } from "./node/response.ts";
import { type NodeRequest, NodeSource } from "./node/source.ts";

export { openUpgrade, type UpgradeOptions } from "./node/upgrade.ts";
export type { NodeRequest, NodeResponse, OnError };
