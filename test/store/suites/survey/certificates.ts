import { describe, expect, test } from "bun:test";
import { Furnished } from "../../furnished.ts";
import type { Open } from "../../store-under-test.ts";

export function certificatesSuite(open: Open): void {
  describe("certificates of endpoints", () => {
    test("each endpoint with certificates is found once, with its application, and no deleted ones", async () => {
      await using world = await Furnished.open(open);
      const { certificates } = world.store.survey;
      expect(await certificates(0)).toEqual({ found: [], next: null });
      await world.addEndpoint({ auth: { type: "bearer", token: "t" } });
      const ca = await world.addEndpoint({ tls: { ca: "A" } });
      const auth = { type: "mtls", certificate: "B", key: "K", ca: "C" } as const;
      const client = await world.addEndpoint({ auth, tls: { ca: "D" } });
      const deleted = await world.addEndpoint({ tls: { ca: "E" } });
      await world.store.configuration.endpoints.delete(deleted.seq, world.now);
      const { found, next } = await certificates(0);
      expect(next).toBeNull();
      expect(found).toMatchObject([
        { seq: ca.seq, url: ca.url, environmentSeq: world.environment.seq, client: null, cas: ["A"] },
        { seq: client.seq, applicationSeq: client.applicationSeq, client: "B", cas: ["C", "D"] },
      ]);
      expect(JSON.stringify(found)).not.toContain('"K"');
      expect((await certificates(ca.seq)).found.map(({ seq }) => seq)).toEqual([client.seq]);
    });

    test("many endpoints are read in steps", async () => {
      await using world = await Furnished.open(open);
      for (let i = 0; i < 501; i++) await world.addEndpoint();
      const { seq } = await world.addEndpoint({ tls: { ca: "A" } });
      const seen: number[] = [];
      let steps = 0;
      for (let after: number | null = 0; after !== null; steps++) {
        const step: Awaited<ReturnType<typeof world.store.survey.certificates>> =
          await world.store.survey.certificates(after);
        seen.push(...step.found.map((endpoint) => endpoint.seq));
        after = step.next;
      }
      expect([seen, steps]).toEqual([[seq], 2]);
    });
  });
}
