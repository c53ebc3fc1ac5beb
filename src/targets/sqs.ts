import { parseSqsUrl, type SqsQueue } from "../core/aws-url.ts";
import type { IdCodec } from "../core/id.ts";
import { protocolAnswer } from "../core/protocol-answer.ts";
import { utf8OrNull } from "../core/text.ts";
import type { AwsService } from "./aws.ts";
import type { Header } from "./message-headers.ts";

const NOT_TEXT = "InvalidMessageContents: the payload is not UTF-8 text, and a queue takes nothing else.";

/**
 * Puts each message into a queue of Amazon SQS. The endpoint's own headers are left out, because a
 * message has room for ten attributes.
 */
export function sqsService(ids: IdCodec): AwsService<SqsQueue> {
  return {
    name: "sqs",
    parse: parseSqsUrl,
    request({ resource: { queueUrl, isFifo }, endpoint, message, headers }) {
      const body = utf8OrNull(message.payload);
      if (body === null) return protocolAnswer({ status: 400, text: NOT_TEXT }, NOT_TEXT.length);
      const { eventType = "" } = message;
      const attributes = [
        ...headers.signature,
        ...(eventType === "" ? [] : [["event-type", eventType] as const]),
        ["content-type", headers.contentType] as const,
      ];
      const input = {
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(
          attributes.map(([name, value]) => [name, { DataType: "String", StringValue: value }]),
        ),
        ...(isFifo && {
          MessageDeduplicationId: headers.id,
          MessageGroupId: ids.encode("ep_", endpoint.seq ?? 0),
        }),
      };
      return { headers: sqsHeaders("SendMessage"), body: Buffer.from(JSON.stringify(input)) };
    },
    succeeded: (answer) => answer,
  };
}

/** Returns the headers of a request to SQS, whose body is the JSON input of the action. */
export function sqsHeaders(action: string): readonly Header[] {
  return [
    ["Content-Type", "application/x-amz-json-1.0"],
    ["X-Amz-Target", `AmazonSQS.${action}`],
  ];
}
