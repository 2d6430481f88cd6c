/**
 * What the adapter uses of Nest's own types, written down here so that nothing of Nest is imported.
 */
import type { NodeRequest, NodeResponse } from "../adapter.ts";

/** What is used of Nest's `ExecutionContext`. */
export interface NestContext {
  getType(): string;
  getArgByIndex(index: number): unknown;
  switchToHttp(): { getRequest(): unknown };
}

/** What is used of Nest's `MiddlewareConsumer`. */
export interface NestConsumer {
  apply(middleware: (req: NodeRequest, res: NodeResponse, next: (error?: unknown) => void) => void): {
    forRoutes(path: string): unknown;
  };
}

type Class = new (...args: never[]) => object;

/** A provider's factory, as Nest's asynchronous modules take it. */
export interface NestFactory<Made, Injected extends readonly never[]> {
  readonly imports?: readonly (Class | NestDynamicModule)[] | undefined;
  /** The tokens of what the factory is given, in its order. */
  readonly inject?: readonly (Class | string | symbol)[] | undefined;
  readonly useFactory: (...injected: Injected) => Made | Promise<Made>;
}

/** Nest's `DynamicModule`, as far as it is used: Nest's types want lists that can be changed. */
export interface NestDynamicModule {
  module: Class;
  global: boolean;
  imports: (Class | NestDynamicModule)[];
  providers: { provide: symbol; inject: (Class | string | symbol)[]; useFactory: (...injected: never[]) => unknown }[];
  exports: symbol[];
}
