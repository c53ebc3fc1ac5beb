import { afterAll, beforeAll, expect, test } from "bun:test";
import { clientOf, makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let send: Send;
beforeAll(async () => {
  server = await startServer(["--retry-schedule="]);
  send = clientOf(server.url);
});
afterAll(() => server.stop());

test("each endpoint has its delivery, or the reason why there is none", async () => {
  const app = await makeApplication(send);
  const url = `${server.url}/inbox/${app}`;
  const got = await makeEndpoint(send, app, url);
  const channel = await makeEndpoint(send, app, url, { channels: ["us"] });
  const disabled = await makeEndpoint(send, app, url, { disabled: true });
  const id = await sendMessage(send, app, { channels: ["eu"] });
  await attemptsOf(send, app, id);
  const later = await makeEndpoint(send, app, url);
  const { json } = await send("GET", `/app/${app}/msg/${id}/recipients`);
  const reasons = json.data.map(({ endpoint, delivery, missed }: Record<string, Record<string, unknown>>) => [
    endpoint!.id,
    delivery?.state ?? null,
    missed?.reason ?? null,
  ]);
  expect(reasons).toEqual([
    [later, null, "created_later"],
    [disabled, null, "disabled"],
    [channel, null, "channel"],
    [got, "delivered", null],
  ]);
  expect((await send("GET", `/app/${app}/msg/nothing/recipients`)).status).toBe(404);
  expect((await send("GET", `/app/${app}/msg/${id}/recipients?iterator=msg_x`)).status).toBe(422);
});
