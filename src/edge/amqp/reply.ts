import { errorText, type ProtocolResult } from "../../core/protocol-answer.ts";

/** The result for a message that no queue gets. The protocol reports it with 312, which is not an error code. */
export const notRouted: ProtocolResult = {
  status: 404,
  text: errorText("NO_ROUTE", "No queue gets messages with this exchange and routing key."),
};

const noVirtualHost: ProtocolResult = {
  status: 530,
  text: errorText("NOT_ALLOWED", "The server refused access to the virtual host."),
};

/** Matches the server's reason at the end of an error message of the client. */
const REPLY = /(?<code>\d{3}) \((?<name>[A-Z-]+)\) with message "(?<text>[\s\S]*)"$/;

/** Returns the result for a message that the client cannot encode, or null for other errors. */
export function unencodable(error: unknown): ProtocolResult | null {
  const isOfEncoder = error instanceof RangeError || error instanceof TypeError;
  return isOfEncoder ? { status: 400, text: errorText("INVALID_MESSAGE", error.message) } : null;
}

/** Returns the server's reason for an error, or null if the error does not come from the server. */
export function amqpReplyOf(error: unknown): ProtocolResult | null {
  if (!(error instanceof Error)) return null;
  if (error.message === "message nacked") {
    return { status: 503, text: errorText("NACK", "The server did not take responsibility for the message.") };
  }
  // The client leaves out the server's reason if it refuses the virtual host.
  if (error.message.startsWith("Expected ConnectionOpenOk; got <ConnectionClose ")) return noVirtualHost;
  const { code, name, text } = REPLY.exec(error.message)?.groups ?? {};
  if (code === undefined) return null;
  // The texts of RabbitMQ begin with the name.
  const ownName = name!.replaceAll("-", "_");
  return { status: Number(code), text: text!.startsWith(ownName) ? text! : errorText(ownName, text!) };
}
