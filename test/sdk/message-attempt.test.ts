import { expect, test } from "bun:test";
import { MessageAttemptTriggerType, MessageStatus, StatusCodeClass } from "svix";
import { until } from "../support/delivery.ts";
import { ok, type Receiver, startReceiver, withStatus } from "../support/receiver.ts";
import { pagesOf, sdkSuite } from "./clients.ts";

sdkSuite("message-attempt", (sdk) => {
  /**
   * Creates an application with one endpoint and sends it `count` messages. Returns them newest
   * first.
   */
  async function setup(receiver: Receiver, count = 1) {
    const { application, endpoint, message } = sdk.client();
    const { id: app } = await application.create({ name: "App" });
    const { id } = await endpoint.create(app, { url: receiver.url });
    const sent: string[] = [];
    for (let n = 0; n < count; n++) {
      const { id: made } = await message.create(app, { eventType: "a", payload: { n }, tags: [`tag${n}`] });
      await finishedAttempts(app, made);
      sent.unshift(made);
    }
    return { app, endpoint: id, sent, message: sent[0]! };
  }

  async function finishedAttempts(app: string, message: string, count = 1) {
    const { data } = await until(
      () => sdk.client().messageAttempt.listByMsg(app, message),
      (list) =>
        list.data.filter(({ status }) => status === MessageStatus.Success || status === MessageStatus.Fail).length >=
        count,
    );
    return data;
  }

  test("an attempt is returned with its response, status and trigger type", async () => {
    await using receiver = startReceiver(() => new Response("thanks"));
    const { messageAttempt } = sdk.client();
    const { app, endpoint, message } = await setup(receiver);
    const [attempt] = (await messageAttempt.listByMsg(app, message, { withContent: true })).data;
    // Compares a copy, because matchers of the test runner change the object that they check.
    expect({ ...attempt }).toMatchObject({
      id: expect.stringMatching(/^atmpt_/),
      msgId: message,
      endpointId: endpoint,
      url: expect.stringContaining(receiver.url),
      response: "thanks",
      responseStatusCode: 200,
      responseDurationMs: expect.any(Number),
      status: MessageStatus.Success,
      statusText: "success",
      triggerType: MessageAttemptTriggerType.Scheduled,
    });
    expect(attempt!.timestamp).toBeInstanceOf(Date);
    expect(await messageAttempt.get(app, message, attempt!.id)).toMatchObject({ id: attempt!.id, response: "thanks" });
    await sdk.refused(404, messageAttempt.get(app, message, "atmpt_1111111111111111111111111"));
  });

  test("attempts of an endpoint are listed in pages, newest first, and can be filtered", async () => {
    await using receiver = startReceiver();
    const { messageAttempt } = sdk.client();
    const { app, endpoint, sent } = await setup(receiver, 5);
    const pages = await pagesOf((iterator) => messageAttempt.listByEndpoint(app, endpoint, { limit: 2, iterator }));
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat().map(({ msgId }) => msgId)).toEqual(sent);
    const count = async (options: Parameters<typeof messageAttempt.listByEndpoint>[2]) =>
      (await messageAttempt.listByEndpoint(app, endpoint, options)).data.length;
    expect(await count({ status: MessageStatus.Success })).toBe(5);
    expect(await count({ status: MessageStatus.Fail })).toBe(0);
    expect(await count({ statusCodeClass: StatusCodeClass.Code2xx })).toBe(5);
    expect(await count({ statusCodeClass: StatusCodeClass.Code4xx })).toBe(0);
    expect(await count({ eventTypes: ["a"] })).toBe(5);
    expect(await count({ eventTypes: ["b"] })).toBe(0);
    expect(await count({ tag: "tag3" })).toBe(1);
    const [withMessage] = (await messageAttempt.listByEndpoint(app, endpoint, { limit: 1, withMsg: true })).data;
    expect(withMessage!.msg).toMatchObject({ id: sent[0], eventType: "a" });
    const { data } = await messageAttempt.listByMsg(app, sent[1]!, { endpointId: endpoint });
    expect(data.map(({ msgId }) => msgId)).toEqual([sent[1]!]);
  });

  test("messages of an endpoint and destinations of a message are listed in pages", async () => {
    await using receiver = startReceiver();
    const { endpoint: endpoints, messageAttempt } = sdk.client();
    const { app, endpoint, sent } = await setup(receiver, 3);
    const pages = await pagesOf((iterator) =>
      messageAttempt.listAttemptedMessages(app, endpoint, { limit: 2, iterator, withContent: true }),
    );
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual([sent.slice(0, 2), sent.slice(2)]);
    expect(pages[0]![0]).toMatchObject({ status: MessageStatus.Success, statusText: "success", payload: { n: 2 } });

    const { id: second } = await endpoints.create(app, { url: receiver.url });
    const { message } = sdk.client();
    const { id: toBoth } = await message.create(app, { eventType: "a", payload: {} });
    await finishedAttempts(app, toBoth, 2);
    const destinations = await pagesOf((iterator) =>
      messageAttempt.listAttemptedDestinations(app, toBoth, { limit: 1, iterator }),
    );
    expect(destinations.map((page) => page.map(({ id }) => id))).toEqual([[endpoint], [second]]);
    expect(destinations[0]![0]).toMatchObject({ status: MessageStatus.Success, statusText: "success" });
  });

  test("a resend delivers the same bytes with the same id", async () => {
    await using receiver = startReceiver(withStatus(500));
    const { messageAttempt } = sdk.client();
    const { app, endpoint, message } = await setup(receiver);
    expect((await finishedAttempts(app, message))[0]).toMatchObject({
      status: MessageStatus.Fail,
      responseStatusCode: 500,
    });
    receiver.answering = ok;
    await messageAttempt.resend(app, message, endpoint);
    const [first, second] = await receiver.arrived(2);
    expect([second!.id, second!.body.toString()]).toEqual([first!.id, first!.body.toString()]);
    const [newest] = await finishedAttempts(app, message, 2);
    expect(newest).toMatchObject({ status: MessageStatus.Success, triggerType: MessageAttemptTriggerType.Manual });
    await sdk.refused(404, messageAttempt.resend(app, "unknown", endpoint));
  });

  test("an attempt's response can be expunged, and a message without a payload cannot be resent", async () => {
    await using receiver = startReceiver(() => new Response("personal"));
    const { message: messages, messageAttempt } = sdk.client();
    const { app, endpoint, message } = await setup(receiver);
    const [attempt] = await finishedAttempts(app, message);
    await messageAttempt.expungeContent(app, message, attempt!.id);
    expect((await messageAttempt.get(app, message, attempt!.id)).response).toBe("EXPUNGED");
    await messages.expungeContent(app, message);
    const { code } = await sdk.refused(400, messageAttempt.resend(app, message, endpoint));
    expect(code).toBe("missing_payload");
  });
});
