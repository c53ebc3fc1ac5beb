import { Type } from "@sinclair/typebox";
import * as field from "../../http/fields.ts";

/** The number of a message's deliveries in each state. */
export const DeliveryCounts = field.object("DeliveryCounts", {
  pending: Type.Integer(),
  delivered: Type.Integer(),
  dead: Type.Integer(),
  cancelled: Type.Integer(),
});
