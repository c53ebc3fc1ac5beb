import { expect, test } from "bun:test";
import { parseMessage } from "../../web/kit/message.ts";

test("the payload of a message is its text, whether it is JSON, other text or binary", () => {
  const textOf = (json: string) => parseMessage(json).payloadText;
  expect(textOf('{"id":"msg_1","payload":{"big":12345678901234567890,"price":1.0},"tags":null}')).toBe(
    '{"big":12345678901234567890,"price":1.0}',
  );
  expect(textOf('{"id":"msg_1","payload":null,"payloadText":"a=1&b=2"}')).toBe("a=1&b=2");
  expect(textOf('{"id":"msg_1","payload":null,"payloadBase64":"AP8="}')).toBe("AP8=");
  expect(textOf('{"id":"msg_1","payload":null}')).toBe("null");
});
