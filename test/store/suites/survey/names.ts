import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function namesSuite(open: Open): void {
  describe("names of applications and endpoints", () => {
    test("names are found by number, also those of deleted applications and endpoints", async () => {
      await using world = await Furnished.open(open);
      const { environment, application, store } = world;
      const url = "https://user:secret@hook.example/";
      const one = await world.addEndpoint({ url, uid: "main", description: "billing" });
      const deleted = await world.addEndpoint();
      await store.configuration.endpoints.delete(deleted.seq, world.now);
      const wanted = {
        applicationSeqs: [application.seq, application.seq, 17],
        endpointSeqs: [one.seq, deleted.seq, 17],
      };
      const { applications, endpoints } = await store.survey.names(environment.seq, wanted);
      const { seq, name, uid } = application;
      expect([...applications.values()]).toEqual([{ seq, name, uid, sourceSeq: null }]);
      const masked = { url: "https://user:***@hook.example/", uid: "main", description: "billing" };
      expect([...endpoints.values()]).toEqual([
        { seq: one.seq, ...masked, isDeleted: false },
        { seq: deleted.seq, url: deleted.url, uid: null, description: "", isDeleted: true },
      ]);
      await store.configuration.applications.delete(application.seq, world.now);
      const after = await store.survey.names(environment.seq, wanted);
      expect([after.applications.size, after.endpoints.get(one.seq)?.isDeleted]).toEqual([1, true]);
    });

    test("names of another environment are not found", async () => {
      await using world = await Furnished.open(open);
      const other = await world.addEnvironment("other");
      const wanted = { applicationSeqs: [world.application.seq], endpointSeqs: [world.endpoint.seq] };
      const found = await world.store.survey.names(other.seq, wanted);
      expect([found.applications.size, found.endpoints.size]).toEqual([0, 0]);
    });
  });
}
