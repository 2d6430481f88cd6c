/**
 * The real timers and the real stopwatch, taken when the module is loaded. A test that replaces them later, as Jest and
 * vitest do by default, moves its own clock with them; a store that waits for its back end waits in real time, or for
 * ever.
 */
type After = (run: () => void, milliseconds: number) => { unref?(): unknown };

interface Timers {
  readonly setTimeout: After;
  readonly setInterval: After;
  readonly clearTimeout: (timer: unknown) => void;
  readonly clearInterval: (timer: unknown) => void;
  readonly setImmediate: (run: () => void) => unknown;
}

interface Host {
  readonly process?: { getBuiltinModule?(id: string): object | undefined } | undefined;
}

/** Where the host has it, Node's own module: Jest can have replaced the global ones before anything is loaded. */
function builtin<Module extends object>(id: string): Partial<Module> {
  try {
    return (globalThis as Host).process?.getBuiltinModule?.(id) ?? {};
  } catch {
    return {};
  }
}

const own = builtin<Timers>("node:timers");
const global = globalThis as unknown as Timers;
const stopwatch = builtin<{ performance: Performance }>("node:perf_hooks").performance ?? performance;

export const setTimeout: Timers["setTimeout"] = own.setTimeout ?? global.setTimeout;
export const setInterval: Timers["setInterval"] = own.setInterval ?? global.setInterval;
export const clearTimeout: Timers["clearTimeout"] = own.clearTimeout ?? global.clearTimeout;
export const clearInterval: Timers["clearInterval"] = own.clearInterval ?? global.clearInterval;

/** Where there is none (Workers), as soon as a timer lets it. */
export const setImmediate: Timers["setImmediate"] =
  own.setImmediate ?? global.setImmediate ?? ((run) => setTimeout(run, 0));

/** Milliseconds from some instant on, which no change of the system's time moves. */
export const stopwatchNow: () => number = stopwatch.now.bind(stopwatch);
