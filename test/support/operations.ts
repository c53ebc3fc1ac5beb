import type { Context } from "../../src/api/http/context.ts";
import type { Operation } from "../../src/api/http/operation.ts";
import { operationsOf } from "../../src/api/http/server.ts";
import { Facts } from "../../src/core/facts.ts";
import { Signals } from "../../src/core/signal.ts";

/** Returns the descriptors of all operations, even hidden ones. Their handlers cannot be called. */
export function allOperations(): readonly Operation[] {
  const context = { facts: new Facts(), signals: new Signals(() => {}), store: { feed: { isShared: () => false } } };
  return operationsOf(context as unknown as Context);
}
