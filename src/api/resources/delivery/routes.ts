import { Type } from "@sinclair/typebox";
import { holdDelivery } from "../../../commands/delivery.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";

const DeliveryHoldOut = field.object("DeliveryHoldOut", {
  delivery: Type.String({ enum: ["running", "held"], description: "The same value as in the health report." }),
});

/** Defines the operations that hold and resume all deliveries of the installation. */
export function deliveryRoutes(context: Context): Operation[] {
  const tag = "Delivery";

  return [
    operation({
      id: "delivery.hold",
      method: "POST",
      path: "/api/v1/delivery/hold",
      tag,
      summary: "Hold all deliveries",
      description:
        "Messages of all environments are accepted and stored, but no further attempt starts until deliveries are resumed. Attempts under way finish. The state survives restarts. `GET /api/v1/health` shows it.",
      access: "root",
      responses: {
        200: { description: "Deliveries are held.", schema: DeliveryHoldOut, example: { delivery: "held" } },
      },
      problems: [],
      async handle() {
        await holdDelivery(context, true);
        return reply(200, { delivery: "held" });
      },
    }),

    operation({
      id: "delivery.resume",
      method: "POST",
      path: "/api/v1/delivery/resume",
      tag,
      summary: "Resume all deliveries",
      description: "Paused environments and endpoints stay paused.",
      access: "root",
      responses: {
        200: { description: "Deliveries are running.", schema: DeliveryHoldOut, example: { delivery: "running" } },
      },
      problems: [],
      async handle() {
        await holdDelivery(context, false);
        return reply(200, { delivery: "running" });
      },
    }),
  ];
}
