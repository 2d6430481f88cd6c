/** The part of a stub that is used. */
export interface ObjectStub {
  fetch(url: string, init: { readonly method: string; readonly body: string }): Promise<ObjectAnswer>;
}

/** The part of a `Response` that is used. */
export interface ObjectAnswer {
  readonly ok: boolean;
  readonly status: number;
  json(): Promise<unknown>;
  text(): Promise<string>;
}

/** The part of a `DurableObjectNamespace` that is used; the binding has it as it is. */
export interface ObjectBinding {
  idFromName(name: string): unknown;
  get(id: unknown, options?: { locationHint?: string }): ObjectStub;
}

/** The part of an object's SQL storage that is used. */
export interface ObjectSql {
  exec(query: string, ...values: unknown[]): { toArray(): unknown[] };
}

/** The part of a `DurableObjectState` that is used. */
export interface ObjectState {
  readonly id: { toString(): string };
  readonly storage: {
    readonly sql: ObjectSql;
    transactionSync<T>(work: () => T): T;
    getAlarm(): Promise<number | null>;
    setAlarm(instant: number): Promise<void>;
  };
}
