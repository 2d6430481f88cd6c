import type { Session } from "sojourn";
import type { Data } from "./lib/server/sessions";

declare global {
  namespace App {
    interface Locals {
      session: Session<Data>;
    }
  }
}
