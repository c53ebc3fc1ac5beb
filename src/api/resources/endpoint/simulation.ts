import { Type } from "@sinclair/typebox";
import type { Simulated, SimulatedMessage } from "../../../commands/transformation.ts";
import { Problem } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import { nullable } from "../../http/schema.ts";
import { checkScopes } from "../../identity/access.ts";
import type { Identity } from "../../identity/identity.ts";

/** The common parts of the simulations for endpoints and for endpoints of sources. */

export const messageId = Type.Optional(
  nullable(
    Type.String({ description: "Id or `eventId` of a stored message to run on. Needs the scope `message:Read`." }),
  ),
);

export const simulatedFields = {
  cancel: Type.Boolean({ description: "Whether nothing would be sent." }),
  cancelReason: nullable(Type.String({ description: "The reason that the code gave. Null if the message is sent." })),
  logs: Type.Array(Type.String(), { description: "The lines that the code wrote with `console`." }),
};

export function simulatedOut({ shaped, logs }: Simulated) {
  const cancelReason = shaped.kind === "cancelled" ? shaped.reason : null;
  return { cancel: cancelReason !== null, cancelReason, logs: [...logs] };
}

/** Returns a stored message of an application. Throws 403, 404, or 400 if its payload is no longer stored. */
export async function storedMessage(
  { lookup, pages }: Pick<Context, "lookup" | "pages">,
  identity: Identity,
  app: string,
  id: string,
): Promise<SimulatedMessage> {
  checkScopes(identity, "message:Read");
  const { message } = await pages.inTurn(identity, () => lookup.message(identity, app, id));
  const { seq, payload, contentType, headers, eventType, channels, received } = message;
  if (payload === null) throw new Problem(400, "missing_payload", "The payload of this message is no longer stored.");
  return { seq, payload, contentType, headers, eventType, channels, received };
}
