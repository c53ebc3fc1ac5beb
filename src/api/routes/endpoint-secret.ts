import { Type } from "@sinclair/typebox";
import { Problem } from "../../core/problem.ts";
import { generateSecret, publicForm, secretBytes } from "../../core/signature.ts";
import type { Context } from "../context.ts";
import * as field from "../fields.ts";
import { type Operation, operation } from "../operation.ts";
import { noContent, reply } from "../reply.ts";
import { nullable } from "../schema.ts";
import { checkSecret } from "./endpoint.ts";

const GRACE_SECONDS_DEFAULT = 24 * 60 * 60;
const GRACE_SECONDS_MAX = 7 * GRACE_SECONDS_DEFAULT;

const EndpointSecretOut = field.object("EndpointSecretOut", { key: Type.String() });
const EndpointSecretRotateIn = field.object("EndpointSecretRotateIn", {
  key: Type.Optional(nullable(Type.String({ description: "The new secret; made by the server unless given." }))),
  gracePeriodSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: GRACE_SECONDS_MAX,
      default: GRACE_SECONDS_DEFAULT,
      description: "How long the old secret signs as well.",
    }),
  ),
});

export function endpointSecretRoutes(context: Context): Operation[] {
  const { store, lookup, clock, random } = context;
  const tag = "Endpoint";
  const path = "/api/v1/app/:app_id/endpoint/:endpoint_id/secret";
  return [
    operation({
      id: "v1.endpoint.get-secret",
      method: "GET",
      path,
      tag,
      summary: "Get the secret of an endpoint",
      description: "What the receiver verifies signatures with: a `whsec_` secret, or the public `whpk_` key.",
      access: "application",
      answers: {
        200: {
          description: "The current secret.",
          schema: EndpointSecretOut,
          example: { key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const [current] = await store.endpoints.secrets(endpoint.seq, clock.now());
        return reply(200, { key: publicForm(current!.secret) });
      },
    }),

    operation({
      id: "v1.endpoint.rotate-secret",
      method: "POST",
      path: `${path}/rotate`,
      tag,
      summary: "Replace the secret of an endpoint",
      access: "application",
      body: EndpointSecretRotateIn,
      bodyOptional: true,
      bodyExample: { gracePeriodSeconds: 3600 },
      answers: { 204: { description: "The new secret signs from now on." } },
      problems: [400, 404],
      async handle({ identity, params, body }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const secret = body.key ?? generateSecret(random.bytes(secretBytes));
        checkSecret(secret, "key");
        const now = clock.now();
        const graceMs = (body.gracePeriodSeconds ?? GRACE_SECONDS_DEFAULT) * 1000;
        if (!(await store.endpoints.rotateSecret(endpoint.seq, secret, now, now + graceMs))) {
          throw new Problem(400, "limit_reached", "More than ten old secrets of this endpoint are still valid.");
        }
        context.endpointChanged("endpoint.updated", endpoint);
        return noContent;
      },
    }),
  ];
}
