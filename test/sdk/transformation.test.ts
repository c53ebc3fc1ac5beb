import { expect, test } from "bun:test";
import { startReceiver } from "../support/receiver.ts";
import { sdkSuite } from "./clients.ts";

interface Patch {
  readonly code?: string | null;
  readonly enabled?: boolean;
  readonly variables?: Record<string, string>;
}

sdkSuite("transformation", (sdk) => {
  /** Returns the methods of this version that change a transformation. */
  const patchers = (): ((app: string, id: string, patch: Patch) => Promise<void>)[] =>
    sdk.version === "1.x"
      ? [
          (app, id, patch) => sdk.client1().endpoint.patchTransformation(app, id, patch),
          (app, id, patch) => sdk.client1().endpoint.transformationPartialUpdate(app, id, patch),
        ]
      : [
          (app, id, patch) => sdk.client().endpoint.transformation.patch(app, id, patch),
          (app, id, patch) => sdk.client().endpoint.transformationPartialUpdate(app, id, patch),
        ];

  const read = (app: string, id: string) =>
    sdk.version === "1.x"
      ? sdk.client1().endpoint.transformationGet(app, id)
      : sdk.client().endpoint.transformation.get(app, id);

  test("a transformation can be read and changed, and applies to the next message", async () => {
    await using receiver = startReceiver();
    const { endpoint, message, application } = sdk.client();
    const { id: app } = await application.create({ name: "App" });
    let sent = 0;
    for (const patch of patchers()) {
      const { id } = await endpoint.create(app, { url: receiver.url });
      expect(await read(app, id)).toMatchObject({ code: null, enabled: false });
      const code = "function handler(webhook) { webhook.payload = { key: true }; return webhook; }";
      await patch(app, id, { code, enabled: true, variables: { key: "value" } });
      expect(await read(app, id)).toMatchObject({ code, enabled: true });
      await message.create(app, { eventType: "a", payload: { a: 1 } });
      expect((await receiver.arrived(++sent)).at(-1)!.body.toString()).toBe('{"key":true}');
      await endpoint.delete(app, id);
      await sdk.refused(404, read(app, id));
    }
  });

  test("code that cannot be parsed is refused", async () => {
    const { endpoint, application } = sdk.client();
    const { id: app } = await application.create({ name: "App" });
    const { id } = await endpoint.create(app, { url: "https://example.com/" });
    for (const patch of patchers()) await sdk.refused(422, patch(app, id, { code: "function handler( {" }));
  });
});
