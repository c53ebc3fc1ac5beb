import { describe, expect, test } from "bun:test";
import { BrokerError } from "../../src/consume/broker.ts";
import { sqsMessagesOf } from "../../src/consume/sqs-message.ts";
import { parseSqsUrl, type SqsQueue } from "../../src/core/aws-url.ts";

const queue = parseSqsUrl(new URL("sqs://KEY:secret@eu-central-1/1/orders")) as SqsQueue;
const valid = { MessageId: "m-1", ReceiptHandle: "r-1", Body: "{}" };

describe("messages in a response of SQS", () => {
  test("a message of SQS has its id, its body, and its attributes with text values as headers", () => {
    const attributes = { "Event-Type": { StringValue: "a" }, n: { BinaryValue: "AA==" }, wrong: null };
    const [message] = sqsMessagesOf([{ ...valid, MessageAttributes: attributes }], 1, queue);
    expect(message).toEqual({
      ...{ id: "m-1", receiptHandle: "r-1", eventType: null, headers: { "event-type": "a" } },
      ...{ body: Buffer.from("{}"), place: "orders" },
    });
  });

  test.each([[undefined], [null], [[]]])("a response of SQS with the messages %p has none", (messages) => {
    expect(sqsMessagesOf(messages, 10, queue)).toEqual([]);
  });

  test.each([
    ["an object", { 0: valid }],
    ["a text", "messages"],
    ["null in the list", [null]],
    ["a text in the list", ["m-1"]],
    ["a message without an id", [{ ...valid, MessageId: undefined }]],
    ["a message whose receipt handle is a number", [{ ...valid, ReceiptHandle: 1 }]],
    ["a message whose body is a number", [{ ...valid, Body: 5 }]],
    ["a message whose body is a list", [{ ...valid, Body: [1, 2] }]],
    ["more messages than were requested", [valid, valid, valid]],
  ])("a response of SQS with %s ends the connection with an error for operators", (_, messages) => {
    expect(() => sqsMessagesOf(messages, 2, queue)).toThrow(BrokerError);
  });
});
