/** `npm ci` refuses a lock file that lacks the optional packages of any platform, also on the others. */
import { expect, test } from "vitest";
import { absent, lockFiles, readLock } from "../../scripts/complete-lock.ts";

test.each(lockFiles)("%s has the optional packages of every platform", (file) => {
  const names = absent(readLock(file)).map(({ name }) => name);
  expect(names, "put them in with: npx tsx scripts/complete-lock.ts").toEqual([]);
});
