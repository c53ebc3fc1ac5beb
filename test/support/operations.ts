import type { Context } from "../../src/api/http/context.ts";
import type { Operation } from "../../src/api/http/operation.ts";
import { operationsOf } from "../../src/api/http/server.ts";
import { Facts } from "../../src/core/fact.ts";
import { Signals } from "../../src/core/signal.ts";

/** Returns the descriptors of all operations, even hidden ones. Their handlers cannot be called. */
export function allOperations(): readonly Operation[] {
  return operationsOf({ facts: new Facts(), signals: new Signals(() => {}) } as unknown as Context);
}
