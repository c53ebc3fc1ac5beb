import { expect, test } from "bun:test";
import type { Context } from "../../../src/api/http/context.ts";
import { listenerRoutes } from "../../../src/api/resources/listener/routes.ts";
import { Facts } from "../../../src/core/facts.ts";
import { IdCodec } from "../../../src/core/id.ts";
import { Problem } from "../../../src/core/problem.ts";
import { Signals } from "../../../src/core/signal.ts";

test("a listener whose request cannot be upgraded takes no place, and its token is no longer watched", async () => {
  let watched = 0;
  const context = {
    ...{ facts: new Facts(), signals: new Signals(() => {}), ids: new IdCodec([1, 2, 3, 4]) },
    lookup: { application: async () => ({ seq: 4096 }) },
    upgrade: () => {
      throw new Problem(503, "unavailable", "The server has a new certificate.");
    },
  } as unknown as Context;
  const call = {
    request: new Request("http://127.0.0.1/", { headers: { upgrade: "websocket" } }),
    params: { app_id: "acme" },
    admission: {
      watch: () => {
        watched++;
        return () => watched--;
      },
    },
  };
  const tail = listenerRoutes(context).find(({ id }) => id === "listener.tail")!;
  const statuses: number[] = [];
  // One application can have 20 listeners.
  for (let i = 0; i < 21; i++) {
    const error = await Promise.resolve(tail.handle(call as never)).catch((thrown: unknown) => thrown);
    statuses.push((error as Problem).status);
  }
  expect(statuses).toEqual(Array(21).fill(503));
  expect(watched).toBe(0);
});
