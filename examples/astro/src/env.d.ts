declare namespace App {
  interface Locals {
    session: import("sojourn").Session<import("./sessions").Data>;
  }
}
