import { describe, expect, test } from "bun:test";
import { IdCodec } from "../../../../src/core/id.ts";
import { holdId } from "../../../../src/core/move-hold.ts";
import { unlessDeparted } from "../../../../src/store/departed.ts";
import type { Arrival, SettingsPage } from "../../../../src/store/index.ts";
import { bytes, type Furnished } from "../../furnished.ts";
import { ALL } from "../../pages.ts";
import type { Open } from "../../store-under-test.ts";
import { dropTask, HOLD, TwoStores } from "../../two-stores.ts";
import { addTask } from "../housekeeping/tasks.ts";
import { keyMovesSuite } from "./keys.ts";
import { polledMovesSuite } from "./polled.ts";
import { sendMovesSuite } from "./sends.ts";

/** Lets an application depart. */
async function departed(world: Furnished, applicationSeq: number): Promise<void> {
  const { origin } = world.store.moves!;
  const application = await world.store.configuration.applications.get(applicationSeq);
  const { environmentSeq, uid } = application!;
  const departure = {
    applicationSeq,
    environmentSeq,
    uid,
    hold: HOLD,
    url: "https://b.example",
    departedAt: world.now,
  };
  expect(await origin.depart(departure, await origin.fingerprint(applicationSeq), dropTask(world))).not.toBeNull();
}

/** Stores settings, and lets the application arrive, or gives its move up. Returns its number. */
async function arrivedAt(world: Furnished, page: SettingsPage, arrives: boolean): Promise<number> {
  const { destination } = world.store.moves!;
  const arrival = await destination.storeSettings(world.environment.seq, page, HOLD);
  if (typeof arrival === "string" || "obstacle" in arrival) throw new Error("The application cannot arrive.");
  const { applicationSeq } = arrival;
  const done = arrives ? destination.arrive : destination.abandon;
  expect(await done(applicationSeq, HOLD, world.now)).not.toBeNull();
  return applicationSeq;
}

export function movesSuite(open: Open): void {
  polledMovesSuite(open);
  keyMovesSuite(open);
  sendMovesSuite(open);
  describe("moves", () => {
    test("settings arrive with their secrets, and the application is arriving until it has arrived", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const { page, seq } = await stores.settings();
      const id = page.ids[`app_${stores.seq}`]!;
      expect(await destination.arrival(id)).toEqual({ applicationSeq: seq, hold: null, arrivedAt: null, historyTo: 0 });
      const [endpoint] = await to.store.configuration.endpoints.ever(seq);
      const secretsOf = (world: TwoStores["from"], endpointSeq: number) =>
        world.store.configuration.endpoints.secrets(endpointSeq, world.now);
      expect(await secretsOf(to, endpoint!)).toEqual(await secretsOf(from, from.endpoint.seq));
      await stores.waiting(seq);
      expect(await destination.arrive(seq, "another hold", to.now)).toBeNull();
      await from.send();
      await stores.waiting(seq);
      expect(await destination.arrive(seq, HOLD, to.now)).toEqual({
        lanes: [{ endpointSeq: endpoint!, position: expect.any(Number) }],
        ...{ pending: 1, dead: 0 },
      });
      expect((await destination.arrival(id))!.arrivedAt).toBe(to.now);
    });

    test("messages whose numbers are taken get other numbers and keep their ids and their order", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const taken = await to.sendMany(20);
      const sent = await from.sendMany(20);
      const numbers = new Set(taken.map(({ seq }) => seq));
      expect(sent.some(({ seq }) => numbers.has(seq))).toBe(true);
      const { seq } = await stores.settings();
      const page = await stores.waiting(seq);
      const arrival = await destination.arrive(seq, HOLD, to.now);
      const arrived = await to.waiting(arrival!.lanes[0]!.endpointSeq);
      const { ids } = to.store.moves!;
      expect(arrived.map(({ messageSeq }) => ids.idOf("msg_", messageSeq))).toEqual(
        sent.map((message) => page.ids[`msg_${message.seq}`]!),
      );
      for (const message of taken) expect(ids.idOf("msg_", message.seq)).toBeNull();
      expect((await to.store.history.messages.get(taken[0]!.seq))!.applicationSeq).toBe(to.application.seq);
    });

    test("messages that have moved are found by their event ids, and the ids remain taken", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await from.send({ eventId: "order-1" });
      const { seq } = await stores.settings();
      // The page with messages may arrive again.
      for (let time = 0; time < 2; time++) await stores.waiting(seq);
      const found = await to.store.history.messages.find(seq, { uid: "order-1" });
      expect(found).toMatchObject({ applicationSeq: seq, eventId: "order-1" });
      const again = to.newMessage({ applicationSeq: seq, eventId: "order-1" });
      expect(await to.store.queue.accept([again])).toEqual([{ accepted: false, because: "event-id" }]);
    });

    test("deliveries of an earlier hold are replaced, and missing messages are reported", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      const [first, second] = [await from.send(), await from.sendDead()];
      const { page, seq } = await stores.settings();
      const { page: early } = await origin.waiting(stores.seq, null, 0);
      const missing = [early.ids[`msg_${first.seq}`]!, early.ids[`msg_${second.seq}`]!];
      expect(await destination.storeWaiting(seq, early, HOLD, 0)).toEqual({ missing });
      await stores.waiting(seq);
      const [pending] = await from.waiting();
      if (pending !== undefined) await from.settle(pending, { state: "delivered" });
      await stores.waiting(seq, "hold-2");
      expect(await destination.arrive(seq, HOLD, to.now)).toBeNull();
      expect(await destination.arrive(seq, "hold-2", to.now)).toEqual({
        lanes: [{ endpointSeq: expect.any(Number), position: null }],
        ...{ pending: 0, dead: 2 },
      });
      expect(page.endpoints).toHaveLength(1);
    });

    test("pages of an earlier hold that come late replace nothing, however many deliveries have arrived since", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      await from.sendMany(3);
      const [first, second] = [holdId(9, "first"), holdId(10, "second")];
      const consumer = { applicationSeq: stores.seq, sink: "sink", consumer: "consumer" };
      const moveConsumer = (cursor: number) =>
        from.store.history.pollers.move(consumer, cursor, { onlyForward: false, consumersMax: 1, now: from.now });
      await moveConsumer(1);
      const { page: settings } = await stores.settings(first);
      const { page: waiting } = await origin.waiting(stores.seq, null, 0);
      const { page: polled } = await origin.polled(stores.seq, null);
      const sent = await from.sendMany(2500);
      await moveConsumer(sent[9]!.seq);
      await from.store.configuration.endpoints.update(from.endpoint.seq, () => ({ description: "newer" }));
      const { seq } = await stores.settings(second);
      await stores.waitingPages(seq, second);
      await stores.polled(seq, second);
      const cursorHere = () => to.store.history.pollers.cursor({ ...consumer, applicationSeq: seq });
      const cursor = await cursorHere();

      expect(await destination.storeSettings(to.environment.seq, settings, first)).toBe("earlier-hold");
      expect(await destination.storeWaiting(seq, waiting, first, 0)).toBe("earlier-hold");
      expect(await destination.storePolled(seq, polled, first)).toBe("earlier-hold");

      expect(await cursorHere()).toBe(cursor);
      expect(await destination.arrive(seq, second, to.now)).toMatchObject({ pending: 2503 });
      const [endpoint] = await to.store.configuration.endpoints.ever(seq);
      expect((await to.store.configuration.endpoints.get(endpoint!))!.description).toBe("newer");
    });

    test("a message page that comes late does not bring back a payload that was deleted since", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      const { seq: messageSeq } = await from.sendDead();
      const { page, seq } = await stores.settings();
      const late = await origin.messages(stores.seq, [messageSeq]);
      await stores.waiting(seq);
      await from.store.queue.expunge.messages(stores.seq, [{ seq: messageSeq }]);
      const { ids } = await stores.waiting(seq);

      await destination.storeMessages(seq, late);

      await destination.arrive(seq, HOLD, to.now);
      const here = to.store.moves!.ids.seqOf(ids[`msg_${messageSeq}`]!)!;
      expect((await to.store.history.messages.get(here))!.payload).toBeNull();
      expect(page.endpoints).toHaveLength(1);
    });

    test("settings that were read without a hold do not replace stored ones", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      const older = await stores.origin.settings(stores.seq, from.seqs.next());
      const { endpoints } = from.store.configuration;
      await endpoints.update(from.endpoint.seq, () => ({ description: "newer" }));
      const { seq } = await stores.settings(HOLD);

      await stores.destination.storeSettings(to.environment.seq, older, null);

      const [endpoint] = await to.store.configuration.endpoints.ever(seq);
      expect((await to.store.configuration.endpoints.get(endpoint!))!.description).toBe("newer");
    });

    test("settings that come after the application has arrived and left again do not begin another arrival", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      const early = await origin.settings(stores.seq, from.seqs.next());
      const number = from.seqs.next();
      const held = holdId(number, "first");
      const { page, seq } = await stores.settings(held, await origin.settings(stores.seq, number));
      await stores.polled(seq, held);
      await departed(from, stores.seq);
      await destination.arrive(seq, held, to.now);
      const back = await arrivedAt(from, await to.store.moves!.origin.settings(seq, to.seqs.next()), true);
      await departed(to, seq);
      const store = (late: SettingsPage, hold: string | null) =>
        destination.storeSettings(to.environment.seq, late, hold);

      expect(await store(early, null)).toBe("earlier-hold");
      expect(await store(page, held)).toBe("earlier-hold");

      expect(destination.arriving.size).toBe(0);
      const fresh = await store(await origin.settings(back, from.seqs.next()), null);
      expect(fresh).toMatchObject({ arrivedAt: null });
      // They would replace the settings of the move that is under way.
      expect(await store(page, held)).toBe("earlier-hold");
      expect(await store(early, null)).toBe("earlier-hold");
      expect(await destination.arrival(page.ids[`app_${stores.seq}`]!)).toEqual(fresh as Arrival);
    });

    test("the totals count what has arrived, and not what is arriving", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.sendDead();
      await from.sendMany(3);
      const { seq } = await stores.settings();
      await stores.waiting(seq);
      expect(await to.store.history.totals()).toEqual([]);
      expect(await destination.arrive(seq, HOLD, to.now)).toMatchObject({ pending: 3, dead: 1 });
      expect(await to.store.history.totals()).toEqual([{ environmentSeq: to.environment.seq, pending: 3, dead: 1 }]);
      expect(await destination.arrive(seq, HOLD, to.now)).toMatchObject({ pending: 0, dead: 0 });
    });

    test("thousands of deliveries of an earlier hold, of a page that is read again, and of a move that is given up are deleted in steps", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.sendMany(1500);
      const other = await from.addEndpoint();
      const sent = Array.from({ length: 1500 }, () => from.newMessage({}, [other.seq]));
      await from.store.queue.accept(sent);
      await from.kill("status_5xx", other.seq);
      const { seq } = await stores.settings();
      const commitsOf = async (run: () => Promise<unknown>) => {
        const before = to.facts.filter(({ type }) => type === "commit.finished").length;
        await run();
        return to.facts.filter(({ type }) => type === "commit.finished").length - before;
      };
      const pages = await stores.waitingPages(seq, "hold-0");
      expect(pages.length).toBe(2);
      // Each deletes 3,000 deliveries with two commits.
      expect(await commitsOf(() => stores.settings(HOLD))).toBeGreaterThanOrEqual(3);
      await stores.waitingPages(seq);
      expect(await commitsOf(() => destination.storeWaiting(seq, pages[0]!, HOLD, 0))).toBeGreaterThanOrEqual(3);
      await stores.waitingPages(seq);
      // Two for the deliveries, six for the messages, six for their records, and two that end the steps and the move.
      expect(await commitsOf(() => destination.abandon(seq, HOLD, to.now))).toBeGreaterThanOrEqual(2 + 6 + 6 + 2);
      expect(await to.store.history.totals()).toEqual([]);
    });

    test("an application departs once, and not if it has changed", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      const departure = {
        ...{ applicationSeq: stores.seq, environmentSeq: from.environment.seq, uid: "acme", hold: HOLD },
        ...{ url: "https://b.example", departedAt: from.now },
      };
      const drop = dropTask(from);
      const before = await origin.fingerprint(stores.seq);
      await from.send();
      expect(await origin.depart(departure, before, drop)).toBeNull();
      const after = await origin.fingerprint(stores.seq);
      expect(await origin.depart(departure, after, drop)).toEqual({
        endpointSeqs: [from.endpoint.seq],
        hasDeadLetters: false,
      });
      expect(await origin.departure(from.environment.seq, { uid: "acme" })).toEqual(departure);
      expect(await origin.departure(from.environment.seq, { seq: stores.seq })).toEqual(departure);
      expect(await from.store.configuration.applications.get(stores.seq)).toBeNull();
      expect(from.send()).rejects.toThrow("The application has moved");
    });

    test("the task that drops the dead letters of an application is stored with its departure", async () => {
      for (const hasDeadLetters of [true, false]) {
        await using stores = await TwoStores.open(open);
        const { from, origin } = stores;
        if (hasDeadLetters) await from.sendDead();
        const departure = {
          ...{ applicationSeq: stores.seq, environmentSeq: from.environment.seq, uid: "acme", hold: HOLD },
          ...{ url: "https://b.example", departedAt: from.now },
        };
        const drop = dropTask(from);
        const stored = () => from.store.housekeeping.tasks.get(from.environment.seq, drop.seq);
        expect(await origin.depart(departure, "another", drop)).toBeNull();
        expect(await stored()).toBeNull();
        const departed = await origin.depart(departure, await origin.fingerprint(stores.seq), drop);
        expect(departed).toMatchObject({ hasDeadLetters });
        expect(await stored()).toEqual(hasDeadLetters ? drop : null);
      }
    });

    test("a running task keeps its application from departing until it has ended", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      expect(await origin.obstacle(stores.seq)).toBeNull();
      const task = await addTask(from, { data: { applicationSeq: stores.seq } });
      expect(await origin.obstacle(stores.seq)).toContain("background task");
      await from.store.housekeeping.tasks.update({ ...task, status: "finished" });
      expect(await origin.obstacle(stores.seq)).toBeNull();
    });

    test("an arrival that was abandoned is deleted, frees the uid, and can arrive again", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.sendDead();
      await from.sendMany(3);
      const { page, seq } = await stores.settings();
      await stores.waiting(seq);
      const id = page.ids[`app_${stores.seq}`]!;
      const [endpoint] = await to.store.configuration.endpoints.ever(seq);
      const list = { limit: 10, from: null, backwards: false, order: "descending" } as const;
      const stored = async () => (await to.store.history.messages.list(seq, {}, list, false)).rows.length;
      expect(await stored()).toBe(4);

      expect(await destination.abandon(seq, null, to.now)).toBeNull();
      expect(await destination.abandon(seq, HOLD, to.now)).toEqual([endpoint!]);

      expect(await stored()).toBe(0);
      expect(destination.arriving.has(seq)).toBe(false);
      expect(await destination.arrival(id)).toBeNull();
      expect(await to.store.configuration.applications.get(seq)).toBeNull();
      expect(await to.store.history.totals()).toEqual([]);
      const again = await stores.settings();
      expect(again.seq).not.toBe(seq);
      await stores.waiting(again.seq);
      expect(await destination.arrive(again.seq, HOLD, to.now)).toMatchObject({ pending: 3, dead: 1 });
      expect(await destination.abandon(again.seq, HOLD, to.now)).toBeNull();
    });

    test("payloads that are deleted after they were copied are not kept at the destination", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const dead = await from.sendDead();
      const pending = await from.send({ payload: bytes("{}") });
      const { page, seq } = await stores.settings();
      const { ids } = await stores.waiting(seq, "an earlier hold");
      await from.store.queue.expunge.messages(stores.seq, [{ seq: dead.seq }, { seq: pending.seq }]);

      await stores.waiting(seq);
      const seqHere = (message: { readonly seq: number }) => to.store.moves!.ids.seqOf(ids[`msg_${message.seq}`]!)!;
      const [deadHere, pendingHere] = [seqHere(dead), seqHere(pending)];
      await destination.arrive(seq, HOLD, to.now);

      expect((await to.store.history.messages.get(deadHere))!.payload).toBeNull();
      // Its delivery was cancelled, so that nobody waits for it.
      expect(await to.store.history.messages.get(pendingHere)).toBeNull();
      expect(page.endpoints).toHaveLength(1);
    });

    test("an application that departed is known by its id after another one with its uid has arrived", async () => {
      await using stores = await TwoStores.open(open);
      await using others = await TwoStores.open(open);
      const { from, origin } = stores;
      const departure = {
        ...{ applicationSeq: stores.seq, environmentSeq: from.environment.seq, uid: "acme", hold: HOLD },
        ...{ url: "https://b.example", departedAt: from.now },
      };
      await origin.depart(departure, await origin.fingerprint(stores.seq), dropTask(from));
      await others.from.store.configuration.applications.update(others.seq, () => ({ uid: "acme" }));
      const { destination } = from.store.moves!;
      const page = await others.origin.settings(others.seq, others.from.seqs.next());
      const arrival = await destination.storeSettings(from.environment.seq, page, "hold-2");
      if (typeof arrival === "string" || "obstacle" in arrival) throw new Error("The application cannot arrive.");
      await destination.arrive(arrival.applicationSeq, "hold-2", from.now);
      expect(await origin.departure(from.environment.seq, { uid: "acme" })).toBeNull();
      const found = await origin.departure(from.environment.seq, { seq: stores.seq });
      expect(found).toEqual({ ...departure, uid: null });
      // It does not count as deleted: its destination may have its only copy.
      expect(await origin.deleted(from.environment.seq, { uid: "acme" })).toBeNull();
      expect(await origin.deleted(from.environment.seq, { seq: stores.seq })).toBeNull();
      await from.store.configuration.applications.delete(arrival.applicationSeq, from.now);
      expect(await origin.deleted(from.environment.seq, { uid: "acme" })).toBe(arrival.applicationSeq);
    });

    test("an application that came back and departed again is not called deleted after another one with its uid has arrived", async () => {
      for (const isBack of [true, false]) {
        await using stores = await TwoStores.open(open);
        await using others = await TwoStores.open(open);
        const { from, to, origin } = stores;
        await from.store.configuration.applications.update(stores.seq, () => ({ uid: "acme" }));
        await others.from.store.configuration.applications.update(others.seq, () => ({ uid: "acme" }));
        const { page, seq } = await stores.settings(HOLD);
        await departed(from, stores.seq);
        await stores.destination.arrive(seq, HOLD, to.now);
        const back = await arrivedAt(from, await to.store.moves!.origin.settings(seq, to.seqs.next()), isBack);
        if (isBack) await departed(from, back);
        await departed(to, seq);
        const other = await arrivedAt(from, await others.origin.settings(others.seq, others.from.seqs.next()), true);
        await departed(from, other);

        const id = page.ids[`app_${stores.seq}`]!;
        expect(from.store.moves!.ids.seqOf(id)).toBe(isBack ? back : stores.seq);
        expect(await origin.departure(from.environment.seq, { uid: "acme" })).toMatchObject({ applicationSeq: other });
        expect(await origin.deleted(from.environment.seq, { uid: "acme" })).toBeNull();
      }
    });

    test("an application whose move to a server was given up does not count as deleted there", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.store.configuration.applications.update(stores.seq, () => ({ uid: "acme" }));
      const { seq } = await stores.settings(HOLD);
      expect(await destination.abandon(seq, HOLD, to.now)).toHaveLength(1);
      const { deleted } = to.store.moves!.origin;
      expect(await deleted(to.environment.seq, { uid: "acme" })).toBeNull();
      expect(await deleted(to.environment.seq, { seq })).toBeNull();
      const again = await stores.settings(HOLD);
      await destination.arrive(again.seq, HOLD, to.now);
      await to.store.configuration.applications.delete(again.seq, to.now);
      expect(await deleted(to.environment.seq, { uid: "acme" })).toBe(again.seq);
    });

    test("a fingerprint that was forgotten differs from later ones", async () => {
      await using stores = await TwoStores.open(open);
      const { origin } = stores;
      const before = await origin.fingerprint(stores.seq);
      expect(await origin.fingerprint(stores.seq)).toBe(before);
      origin.forget(stores.seq);
      expect(await origin.fingerprint(stores.seq)).not.toBe(before);
    });

    test("an application is found among the deleted ones only after its deletion", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      const key = { seq: stores.seq };
      expect(await origin.deleted(from.environment.seq, key)).toBeNull();
      await from.store.configuration.applications.delete(stores.seq, from.now);
      expect(await origin.deleted(from.environment.seq, key)).toBe(stores.seq);
    });

    test("deleting a payload changes the fingerprint", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      const dead = await from.sendDead();
      const before = await origin.fingerprint(stores.seq);
      await from.store.queue.expunge.messages(stores.seq, [{ seq: dead.seq }]);
      expect(await origin.fingerprint(stores.seq)).not.toBe(before);
    });

    test("an application that has arrived takes no page of a mover that is late", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      const sent = await from.send();
      const { seq } = await stores.settings();
      const { page: polled } = await origin.polled(stores.seq, null);
      const page = await stores.waiting(seq);
      await destination.arrive(seq, HOLD, to.now);
      expect(await destination.storeWaiting(seq, { ...page, deliveries: [] }, "late", 0)).toBeNull();
      expect(await destination.storePolled(seq, polled, "late")).toBeNull();
      expect(await destination.storeMessages(seq, await origin.messages(stores.seq, [sent.seq]))).toBeNull();
      const [endpoint] = await to.store.configuration.endpoints.ever(seq);
      expect(await to.waiting(endpoint)).toHaveLength(1);
    });

    test("a message that comes too late for its application fails alone", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      const other = from.newMessage({ applicationSeq: (await from.addApplication()).seq });
      const departure = {
        ...{ applicationSeq: stores.seq, environmentSeq: from.environment.seq, uid: "acme", hold: HOLD },
        ...{ url: "https://b.example", departedAt: from.now },
      };
      await origin.depart(departure, await origin.fingerprint(stores.seq), dropTask(from));
      const results = await Promise.allSettled([
        from.store.queue.accept([from.newMessage()]),
        from.store.queue.accept([other]),
      ]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    });

    test("a change during which the application departs is refused with the new place", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      const parts = { store: from.store, ids: new IdCodec([1, 2, 3, 4]) };
      const departure = {
        ...{ applicationSeq: stores.seq, environmentSeq: from.environment.seq, uid: "acme", hold: HOLD },
        ...{ url: "https://b.example", departedAt: from.now },
      };
      const change = <T>(during: () => Promise<T>) => unlessDeparted(parts, from.environment.seq, "acme", during);
      expect(await change(async () => "changed")).toBe("changed");
      const late = change(async () => origin.depart(departure, await origin.fingerprint(stores.seq), dropTask(from)));
      await expect(late).rejects.toThrow("The application has moved to https://b.example.");
    });

    test("an application arrives if the environment has the payload versions of its endpoints", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      await from.addPayloadVersion("2026-01-01", { downgrade: "code" });
      expect(stores.settings()).rejects.toThrow("The payload version 2026-01-01 does not exist here");
      await to.addPayloadVersion("2026-01-01", { downgrade: "other code" });
      expect(stores.settings()).rejects.toThrow("The payload version 2026-01-01 here differs");
      await to.store.configuration.payloadVersions.update(to.environment.seq, "2026-01-01", () => ({
        downgrade: "code",
      }));
      const { seq } = await stores.settings();
      expect(destination.arriving.has(seq)).toBe(true);
    });

    test("an application does not arrive if a message waits that has another form there", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to } = stores;
      await to.addPayloadVersion("2026-01-01");
      from.now += 1000;
      await from.send();
      await from.addPayloadVersion("2026-01-01");
      await from.send();
      expect(stores.settings()).rejects.toThrow("created or deleted here at another time");
    });

    test("a change of a payload version changes the fingerprint", async () => {
      await using stores = await TwoStores.open(open);
      const { from, origin } = stores;
      await from.addPayloadVersion("2026-01-01");
      const before = await origin.fingerprint(stores.seq);
      await from.store.configuration.payloadVersions.update(from.environment.seq, "2026-01-01", () => ({
        downgrade: "code",
      }));
      expect(await origin.fingerprint(stores.seq)).not.toBe(before);
    });

    test("history arrives once, with its attempts, and does not replace what has changed", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, origin, destination } = stores;
      const delivered = await from.send({ payload: bytes('{"a":1}') });
      await from.settle((await from.waiting())[0]!, { state: "delivered" });
      await from.sendDead();
      const { seq } = await stores.settings();
      await stores.waiting(seq);
      await destination.arrive(seq, HOLD, to.now);
      const page = await origin.history(stores.seq, 0);
      await destination.storeHistory(seq, page);
      await destination.storeHistory(seq, page);
      expect((await origin.history(stores.seq, page.last)).messages).toEqual([]);
      const known = to.store.moves!.ids.seqOf(page.ids[`msg_${delivered.seq}`]!)!;
      expect((await to.store.history.messages.get(known))!.payload).toEqual(bytes('{"a":1}'));
      const list = { limit: 10, from: null, backwards: false, order: "descending" } as const;
      const { rows } = await to.store.history.attempts.ofMessage(known, {}, list, true);
      expect(rows.map(({ reason, responseStatus }) => ({ reason, responseStatus }))).toEqual([
        { reason: null, responseStatus: 200 },
      ]);
    });

    test("history arrives with all attempts of deliveries that succeeded and were sent again", async () => {
      await using stores = await TwoStores.open(open);
      const { from, to, destination } = stores;
      const [delivered, dead] = await from.sendMany(2);
      for (const delivery of await from.waiting()) await from.settle(delivery, { state: "delivered" });
      for (const message of [delivered!, dead!]) {
        const at = { seq: from.seqs.next(), position: from.seqs.next(), now: from.now };
        await from.store.queue.resend(message.seq, from.endpoint.seq, at);
      }
      const [first, second] = await from.waiting();
      await from.settle(first!, { state: "delivered" });
      await from.settle(second!, { state: "dead", reason: "timeout" });
      const { seq } = await stores.settings();
      const page = await stores.waiting(seq);
      await destination.arrive(seq, HOLD, to.now);
      await stores.history(seq);
      expect(page.deliveries).toHaveLength(1);
      const { rows } = await to.store.history.messages.list(seq, {}, ALL, false);
      const lists = await Promise.all(
        rows.map((message) => to.store.history.attempts.ofMessage(message.seq, {}, ALL, true)),
      );
      expect(lists.map((list) => list.rows.map(({ reason }) => reason))).toEqual([
        [null, null],
        [null, "timeout"],
      ]);
      const list = await to.store.history.deadLetters.list({ environmentSeq: to.environment.seq }, ALL);
      expect(list.rows).toMatchObject([{ lastAttempt: { reason: "timeout" } }]);
    });
  });
}
