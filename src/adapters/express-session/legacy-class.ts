/**
 * What lets old stores inherit from `Store` and `MemoryStore` as from functions, although both are classes.
 */

type Initialise<Made> = (this: Made) => void;

/**
 * A class that can also be called as a function on an object, as `util.inherits` and `Parent.call(this, options)` do
 * it: stores from before 2015 do, and some that are maintained still do.
 *
 * @param initialise What the constructor does to a new object.
 */
export function legacyClass<Class extends new () => object>(
  made: Class,
  initialise: Initialise<InstanceType<Class>>,
): Class {
  function construct(this: InstanceType<Class>): unknown {
    if (new.target) return Reflect.construct(made, [], new.target);
    return initialise.call(this);
  }
  Object.defineProperty(construct, "name", { value: made.name });
  construct.prototype = made.prototype;
  Object.defineProperty(made.prototype, "constructor", { value: construct, configurable: true, writable: true });
  return Object.setPrototypeOf(construct, Object.getPrototypeOf(made)) as Class;
}
