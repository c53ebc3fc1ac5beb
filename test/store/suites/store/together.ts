import { describe, expect, test } from "bun:test";
import { type AcceptResult, GroupUndone, type NewMessage } from "../../../../src/store/index.ts";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

/** Returns a promise that rejects if `promise` does not settle soon. */
function soon<T>(promise: Promise<T>): Promise<T> {
  return Promise.race([promise, Bun.sleep(5000).then(() => Promise.reject(new Error("It has not settled in 5 s.")))]);
}

async function isStored(world: Furnished, message: NewMessage): Promise<boolean> {
  return (await world.store.history.messages.get(message.seq)) !== null;
}

export function togetherSuite(open: Open): void {
  describe("together", () => {
    test("a group returns the results in the order of its writes, after they are committed", async () => {
      await using world = await Furnished.open(open);
      const { queue, configuration, housekeeping } = world.store;
      const [message, application] = [world.newMessage(), world.newApplication({ uid: "new" })];
      const results = await world.store.together(() => [
        queue.accept([message]),
        configuration.applications.create(application),
        housekeeping.meta.set("name", "value"),
        configuration.tokens.revoke(17, world.now),
      ]);
      expect(results).toEqual([[{ accepted: true }], true, undefined, false]);
      await world.reopen();
      expect(await isStored(world, message)).toBe(true);
      expect(await world.store.configuration.applications.get(application.seq)).toEqual(application);
      expect(await world.store.housekeeping.meta.get("name")).toBe("value");
    });

    test("a write in a group sees the changes of earlier writes in the group", async () => {
      await using world = await Furnished.open(open);
      const application = world.newApplication();
      const { applications } = world.store.configuration;
      const [, update] = await world.store.together(() => [
        applications.create(application),
        applications.update(application.seq, ({ name }) => ({ name: `${name} again` })),
      ]);
      expect(update).toMatchObject({ before: application, after: { name: "Application again" } });
    });

    test("no part of a group is stored when one write fails, and the other writes reject with GroupUndone", async () => {
      await using world = await Furnished.open(open);
      const taken = await world.send();
      const [first, last] = [world.newMessage(), world.newMessage()];
      const beside = world.newMessage();
      const { queue } = world.store;
      let writes: Promise<unknown>[] = [];
      const group = world.store.together(() => {
        writes = [
          queue.accept([first]),
          queue.accept([{ ...world.newMessage(), seq: taken.seq }]),
          queue.accept([last]),
        ];
        return writes;
      });
      const [others, error] = await Promise.all([queue.accept([beside]), group.catch((caught) => caught)]);
      expect(others).toEqual([{ accepted: true }]);
      expect(error).not.toBeInstanceOf(GroupUndone);
      const errors = await Promise.all(writes.map((write) => write.catch((caught) => caught)));
      expect(errors).toEqual([expect.any(GroupUndone), error, expect.any(GroupUndone)]);
      expect(errors[0]).toHaveProperty("cause", error);
      expect(await Promise.all([first, last, beside].map((one) => isStored(world, one)))).toEqual([false, false, true]);
    });

    test("no part of a group is stored when a callback throws, and the group rejects with that error", async () => {
      await using world = await Furnished.open(open);
      const application = world.newApplication();
      const { applications, endpoints } = world.store.configuration;
      const refusal = new Error("refused");
      const group = world.store.together(() => [
        applications.create(application),
        endpoints.update(world.endpoint.seq, () => ({ description: "changed" })),
        applications.update(world.application.seq, () => {
          throw refusal;
        }),
      ]);
      expect(await group.catch((error) => error)).toBe(refusal);
      expect(await applications.get(application.seq)).toBeNull();
      expect(await endpoints.get(world.endpoint.seq)).toMatchObject({ description: "" });
    });

    test("no part of a group is stored when a name is already in use, and only the write with that name reports the conflict", async () => {
      await using world = await Furnished.open(open);
      await world.addApplication({ uid: "taken" });
      await world.addEnvironment("taken");
      const { applications, environments, endpoints, eventTypes } = world.store.configuration;
      await world.addEndpoint({ uid: "taken" });
      await eventTypes.create(world.newEventType({ name: "taken" }));
      const environment = { ...world.environment, seq: world.seqs.next(), name: "taken" };
      const taken: [string, () => Promise<unknown>, unknown][] = [
        ["application", () => applications.create(world.newApplication({ uid: "taken" })), false],
        ["application", () => applications.update(world.application.seq, () => ({ uid: "taken" })), "taken"],
        ["endpoint", () => endpoints.create(world.newEndpoint({ uid: "taken" }), "whsec_c2VjcmV0"), false],
        ["endpoint", () => endpoints.update(world.endpoint.seq, () => ({ uid: "taken" })), "taken"],
        ["environment", () => environments.create(environment), false],
        ["environment", () => environments.rename(world.environment.seq, "taken", world.now), false],
        ["event type", () => eventTypes.create(world.newEventType({ name: "taken" })), false],
      ];
      for (const [what, begin, wanted] of taken) {
        const fresh = world.newApplication({ uid: "fresh" });
        let writes: Promise<unknown>[] = [];
        const group = world.store.together(() => {
          writes = [applications.create(fresh), begin(), world.store.housekeeping.meta.set("name", "value")];
          return writes;
        });
        expect([what, await group.catch((error) => error)]).toEqual([what, expect.any(GroupUndone)]);
        const results = await Promise.all(writes.map((write) => write.catch((error) => error)));
        expect(results).toEqual([expect.any(GroupUndone), wanted, expect.any(GroupUndone)]);
        expect(await applications.get(fresh.seq)).toBeNull();
        expect(await world.store.housekeeping.meta.get("name")).toBeNull();
      }
    });

    test("a write that is refused for any reason other than a name in use does not prevent the rest of its group from being stored", async () => {
      await using world = await Furnished.open(open);
      await world.send({ eventId: "known" });
      const { applications, endpoints, tokens } = world.store.configuration;
      const results = await world.store.together(() => [
        world.store.queue.accept([world.newMessage({ eventId: "known" })]),
        applications.update(17, () => ({ name: "changed" })),
        endpoints.update(17, () => ({ description: "changed" })),
        tokens.revoke(17, world.now),
        world.store.housekeeping.meta.set("name", "value"),
      ]);
      const duplicate: AcceptResult[] = [{ accepted: false, because: "event-id" }];
      expect(results).toEqual([duplicate, "gone", "gone", false, undefined]);
      expect(await world.store.housekeeping.meta.get("name")).toBe("value");
    });

    test("a nested group is part of the outer group", async () => {
      await using world = await Furnished.open(open);
      const taken = await world.send();
      const [inner, outer] = [world.newMessage(), world.newMessage()];
      const { queue } = world.store;
      const broken = { ...world.newMessage(), seq: taken.seq };
      const group = (last: NewMessage) =>
        world.store.together(() => [world.store.together(() => [queue.accept([inner])]), queue.accept([last])]);
      await expect(group(broken)).rejects.toThrow();
      expect(await isStored(world, inner)).toBe(false);
      expect(await group(outer)).toEqual([[[{ accepted: true }]], [{ accepted: true }]]);
      expect([await isStored(world, inner), await isStored(world, outer)]).toEqual([true, true]);
    });

    test("when the callback that begins a group throws, the group's writes are not stored and the store still works", async () => {
      await using world = await Furnished.open(open);
      const [abandoned, kept] = [world.newMessage(), world.newMessage()];
      const { queue } = world.store;
      const mistake = new Error("planted");
      const throwing = () =>
        world.store.together((): Promise<unknown>[] => {
          void queue.accept([abandoned]);
          throw mistake;
        });
      expect(await throwing().catch((error) => error)).toBe(mistake);
      await world.store.together(() => [throwing().catch(() => {}), queue.accept([kept])]);
      expect([await isStored(world, abandoned), await isStored(world, kept)]).toEqual([false, true]);
    });

    test("a group without writes resolves", async () => {
      await using world = await Furnished.open(open);
      expect(await soon(world.store.together(() => []))).toEqual([]);
    });

    test("a group and the writes before and after it take effect in the order in which they were begun", async () => {
      await using world = await Furnished.open(open);
      const { meta } = world.store.housekeeping;
      const set = (value: string) => meta.set("name", value);
      await Promise.all([set("1"), world.store.together(() => [set("2"), set("3")]), set("4")]);
      expect(await meta.get("name")).toBe("4");
      await Promise.all([set("5"), world.store.together(() => [set("6"), set("7")])]);
      expect(await meta.get("name")).toBe("7");
    });
  });
}
