/**
 * Tells once a process of what express-session calls deprecated, by Node's own warnings: `--no-deprecation` and its
 * like apply.
 */
export function deprecate(what: string): void {
  if (told.has(what)) return;
  told.add(what);
  process.emitWarning(`express-session: ${what}`, "DeprecationWarning");
}

const told = new Set<string>();
