import { expect, test } from "bun:test";
import { startReceiver } from "../support/receiver.ts";
import { sdkSuite } from "./clients.ts";

type Headers = Record<string, string>;

sdkSuite("endpoint-headers", (sdk) => {
  /** Returns the methods of this version that replace all headers. */
  const setters = (): ((app: string, id: string, headers: Headers) => Promise<void>)[] =>
    sdk.version === "1.x"
      ? [
          (app, id, headers) => sdk.client1().endpoint.updateHeaders(app, id, { headers }),
          (app, id, headers) => sdk.client1().endpoint.headersUpdate(app, id, { headers }),
        ]
      : [(app, id, headers) => sdk.client().endpoint.setHeaders(app, id, { headers })];

  /** Returns the methods of this version that change some headers. */
  const patchers = (): ((app: string, id: string, headers: Headers, deleteHeaders?: string[]) => Promise<void>)[] => [
    (app, id, headers, deleteHeaders = []) => sdk.client().endpoint.patchHeaders(app, id, { headers, deleteHeaders }),
    ...(sdk.version === "1.x"
      ? [
          (app: string, id: string, headers: Headers, deleteHeaders: string[] = []) =>
            sdk.client1().endpoint.headersPatch(app, id, { headers, deleteHeaders }),
        ]
      : []),
  ];

  async function newEndpoint(url: string): Promise<[app: string, id: string]> {
    const { id: app } = await sdk.client().application.create({ name: "App" });
    return [app, (await sdk.client().endpoint.create(app, { url })).id];
  }

  test("endpoint headers can be replaced, changed and deleted, which affects the next message", async () => {
    await using receiver = startReceiver();
    const { endpoint, message } = sdk.client();
    const [app, id] = await newEndpoint(receiver.url);
    let sent = 0;
    const received = async (...names: string[]) => {
      await message.create(app, { eventType: "a", payload: {} });
      const { headers } = (await receiver.arrived(++sent)).at(-1)!;
      return names.map((name) => headers.get(name));
    };
    for (const set of setters()) {
      await set(app, id, { "X-One": "1", "X-Two": "2" });
      expect(await endpoint.getHeaders(app, id)).toEqual({ headers: { "X-One": "1", "X-Two": "2" }, sensitive: [] });
      expect(await received("x-one", "x-two", "x-three")).toEqual(["1", "2", null]);
      for (const patch of patchers()) {
        await patch(app, id, { "X-Three": "3" }, ["X-One"]);
        expect((await endpoint.getHeaders(app, id)).headers).toEqual({ "X-Two": "2", "X-Three": "3" });
        expect(await received("x-one", "x-two", "x-three")).toEqual([null, "2", "3"]);
        await patch(app, id, { "X-One": "1" }, ["X-Three"]);
        expect((await endpoint.getHeaders(app, id)).headers).toEqual({ "X-One": "1", "X-Two": "2" });
      }
    }
  });

  test("sensitive endpoint headers are sent but not returned", async () => {
    await using receiver = startReceiver();
    const { endpoint, message } = sdk.client();
    const [app, id] = await newEndpoint(receiver.url);
    await setters()[0]!(app, id, { Authorization: "Bearer hidden", "X-Shown": "1" });
    expect(await endpoint.getHeaders(app, id)).toEqual({ headers: { "X-Shown": "1" }, sensitive: ["Authorization"] });
    await message.create(app, { eventType: "a", payload: {} });
    expect((await receiver.arrived(1))[0]!.headers.get("authorization")).toBe("Bearer hidden");
  });

  test("reserved and invalid endpoint headers are refused", async () => {
    const [app, id] = await newEndpoint("https://example.com");
    for (const name of ["Content-Length", "Svix-Id", "Transfer-Encoding", "no spaces"]) {
      for (const change of [...setters(), ...patchers()]) await sdk.refused(422, change(app, id, { [name]: "1" }));
    }
    expect((await sdk.client().endpoint.getHeaders(app, id)).headers).toEqual({});
  });
});
