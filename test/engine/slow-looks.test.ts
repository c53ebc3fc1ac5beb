import { describe, expect, test } from "bun:test";
import type { Clock } from "../../src/ports.ts";
import type { Store } from "../../src/store/index.ts";
import { DoorWorld } from "../support/door-world.ts";
import { EngineWorld, SECOND } from "../support/engine-world.ts";

/** A store for which the changes of other processes are never known, because reading them takes too long. */
function neverCurrent(store: Store, look: () => Promise<void>): Store {
  return { ...store, feed: { ...store.feed, catchUp: look } };
}

describe("a database that answers slowly", () => {
  test("deliveries are sent although reading the changes of other processes takes longer than they may be old", async () => {
    const look = (clock: Clock) => () => new Promise<void>((resolve) => void clock.after(60, resolve));
    using world = await EngineWorld.open({ wrapStore: (store, clock) => neverCurrent(store, look(clock)) });
    const endpoint = await world.endpoint("a.example", 200);
    await world.send(endpoint, 20);
    await world.pass(5 * SECOND);
    expect(world.starts).toHaveLength(20);
  });

  test("a sender gets a response although each use of cached records has to wait for the changes of other processes", async () => {
    const look = () => Bun.sleep(1);
    await using world = await DoorWorld.open({ wrapStore: (store) => neverCurrent(store, look) });
    const source = await world.source({ type: "generic-webhook" });
    const sent = await fetch(source.url, { method: "POST", body: "{}" });
    expect(sent.status).toBe(200);
    await world.consumer.arrived(1);
  });

  test("a request with a token gets a response although each use of cached records has to wait", async () => {
    const look = () => Bun.sleep(1);
    await using world = await DoorWorld.open({ wrapStore: (store) => neverCurrent(store, look) });
    const answer = await fetch(`${world.url}/api/v1/app`, { headers: { authorization: "Bearer unknown" } });
    expect(answer.status).toBe(401);
  });
});
