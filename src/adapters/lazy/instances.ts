/**
 * The instances of the process, by name. On `globalThis` under a symbol of the registry, for a process may have this
 * module several times, too.
 */
interface Closable {
  close?(): unknown;
}

interface Entry {
  /** The latest factory. */
  make: () => object;
  /** The text of the factory that each file has registered. */
  readonly texts: Map<string, string>;
  instance: (object & Closable) | undefined;
  /** What the next instance replaces. */
  replaced: (object & Closable) | undefined;
}

const SLOT = Symbol.for("sojourn.instances");

function entries(): Map<string, Entry> {
  const host = globalThis as { [SLOT]?: Map<string, Entry> };
  host[SLOT] ??= new Map();
  return host[SLOT];
}

/**
 * @param file Where the factory stands. Another file with another text is a copy, which a bundler has spelt
 *   differently; the same file with another text is a new version.
 */
export function register(name: string, make: () => object, file: string): void {
  const text = make.toString();
  const entry = entries().get(name);
  if (!entry) {
    entries().set(name, { make, texts: new Map([[file, text]]), instance: undefined, replaced: undefined });
    return;
  }
  const before = entry.texts.get(file);
  entry.texts.set(file, text);
  if (!entry.instance) entry.make = make;
  else if (before !== undefined && before !== text) {
    entry.make = make;
    // Another version, never used, may have come between.
    entry.replaced ??= entry.instance;
    entry.instance = undefined;
  }
}

export function instanceOf(name: string): object {
  const entry = entries().get(name) as Entry;
  if (!entry.instance) {
    entry.instance = entry.make();
    void close(entry.replaced);
    entry.replaced = undefined;
  }
  return entry.instance;
}

/** A request may still be using it; what that gets is what it would get at the end of the process. */
async function close(instance: Closable | undefined): Promise<void> {
  try {
    await instance?.close?.();
  } catch (error) {
    console.error("sojourn: the sessions that were replaced could not be closed", error);
  }
}
