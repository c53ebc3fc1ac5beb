import { Type } from "@sinclair/typebox";
import type { AuditActor } from "../../../store/index.ts";
import * as field from "../../http/fields.ts";
import { nullable } from "../../http/schema.ts";

/** Who made a change or started a task. */
export const AuditActorOut = field.object("AuditActorOut", {
  type: Type.String({
    enum: ["root", "token", "jwt", "user", "command"],
    description:
      "Who made the change: the root token, another token, a JWT, a user who logged in at the identity provider, or the command line.",
  }),
  id: nullable(
    Type.String({ description: "The id of the token, the subject of the JWT, or the provider's id of the user." }),
  ),
  name: nullable(
    Type.String({ description: "The name of the token at that time, or the e-mail address of the user." }),
  ),
});

export function actorOut({ kind, id, name }: AuditActor) {
  return { type: kind, id, name };
}
