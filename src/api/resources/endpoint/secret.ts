import { type Static, Type } from "@sinclair/typebox";
import { type Rotation, rotateSecret } from "../../../commands/endpoint-secrets.ts";
import { publicForm } from "../../../core/signature.ts";
import type { Endpoint } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { svixSdkOf } from "../../http/svix-sdk.ts";
import { secretOf } from "./settings.ts";

const GRACE_SECONDS_DEFAULT = 24 * 60 * 60;
const GRACE_SECONDS_MAX = 7 * GRACE_SECONDS_DEFAULT;

export const EndpointSecretOut = field.object("EndpointSecretOut", { key: Type.String() });
export const EndpointSecretRotateIn = field.object("EndpointSecretRotateIn", {
  key: Type.Optional(nullable(Type.String({ description: "The new secret; made by the server unless given." }))),
  gracePeriodSeconds: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        maximum: GRACE_SECONDS_MAX,
        default: GRACE_SECONDS_DEFAULT,
        description: "How long the old secret signs as well.",
      }),
    ),
  ),
});

export function endpointSecretRoutes(context: Context): Operation[] {
  const { lookup } = context;
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
      capability: "ViewEndpointSecret",
      responses: {
        200: {
          description: "The current secret.",
          schema: EndpointSecretOut,
          example: { key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
        },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        return reply(200, await secretOut(context, endpoint));
      },
    }),

    operation({
      id: "v1.endpoint.rotate-secret",
      method: "POST",
      path: `${path}/rotate`,
      tag,
      summary: "Replace the secret of an endpoint",
      description:
        "The old secret signs as well for a while. Svix SDKs from 2.7 on are answered 200 with the new secret, as they expect it.",
      access: "application",
      capability: "ManageEndpointSecret",
      body: EndpointSecretRotateIn,
      bodyOptional: true,
      bodyExample: { gracePeriodSeconds: 3600 },
      responses: {
        204: { description: "The new secret signs from now on." },
        200: {
          description: "The same, to those who expect to be told the new secret.",
          schema: EndpointSecretOut,
          example: { key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" },
        },
      },
      problems: [400, 404],
      async handle({ identity, params, body, request }) {
        const { endpoint } = await lookup.both(identity, params.app_id, params.endpoint_id);
        const secret = await rotateSecret(context, endpoint, rotationOf(body));
        return expectsRotatedSecret(request) ? reply(200, { key: publicForm(secret) }) : noContent;
      },
    }),
  ];
}

export async function secretOut({ store, clock }: Context, endpoint: Endpoint) {
  const [current] = await store.configuration.endpoints.secrets(endpoint.seq, clock.now());
  return { key: publicForm(current!.secret) };
}

/** Returns how a request wants to rotate a secret. Throws 422 if the secret that it has is invalid. */
export function rotationOf({ key, gracePeriodSeconds }: Static<typeof EndpointSecretRotateIn>): Rotation {
  return { secret: secretOf(key, "key"), graceMs: (gracePeriodSeconds ?? GRACE_SECONDS_DEFAULT) * 1000 };
}

/** Svix SDKs from 2.7 on read the new secret from the answer and fail without it; older ones, such as that for Kotlin, fail with it. */
function expectsRotatedSecret(request: Request): boolean {
  const sdk = svixSdkOf(request);
  return sdk !== null && (sdk.major > 2 || (sdk.major === 2 && sdk.minor >= 7));
}
