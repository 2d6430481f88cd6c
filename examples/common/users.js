/** The users of the examples. An application has a table here; what matters is that both ways to fail take equally long. */
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

const salt = randomBytes(16);
const hashOf = (password) => scryptSync(password, salt, 32);

const HASHES = new Map([
  ["ann", hashOf("lantern-orchard-7")],
  ["ben", hashOf("copper-meadow-4")],
]);
const DECOY = hashOf("nobody's password");

/** What somebody was sent by mail, and who may come in with it. */
const INVITATIONS = new Map([["harbour-thistle-2", "ben"]]);

export function authenticate(name, password) {
  // An unknown name costs a hash too: the time of the answer must not tell which names exist.
  const matches = timingSafeEqual(hashOf(password), HASHES.get(name) ?? DECOY);
  return matches && HASHES.has(name) ? name : undefined;
}

export function invited(code) {
  return INVITATIONS.get(code);
}

/** "Chromium on Linux", as the list of devices shows it. */
export function nameOf(device) {
  const { browser, system } = device ?? {};
  return [browser ?? "A browser", system && `on ${system}`].filter(Boolean).join(" ");
}
