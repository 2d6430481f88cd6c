/**
 * How an object finds the binding by which it asks the other objects of its store.
 */
import { SessionError } from "../../../errors.ts";
import type { ObjectBinding } from "./binding.ts";

/** The part of a namespace that tells its own ids from others. */
interface Recognising extends ObjectBinding {
  idFromString(id: string): unknown;
}

/**
 * The binding of an object's own namespace, found by its id: a namespace refuses the ids of another. So nobody needs
 * to tell the object what its binding is called.
 */
export function ownNamespace(env: unknown, id: string): ObjectBinding {
  const bindings = typeof env === "object" && env !== null ? Object.values(env) : [];
  for (const binding of bindings) {
    try {
      (binding as Recognising).idFromString(id);
      return binding as Recognising;
    } catch {
      // Another namespace's, or no namespace.
    }
  }
  throw new SessionError(
    "SOJOURN_INVALID_OPTION",
    'Option "shards": with more than one, a login with a limit asks the other objects, and the Worker of the class ' +
      "SessionObject has no binding for its namespace. Bind it there, too.",
  );
}
