/** The endpoints of all applications of an environment, for operators. */
import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { failureReasons } from "../../../core/outcome.ts";
import { disablingCauses } from "../../../core/resources/endpoint.ts";
import { PAYLOAD_VERSION_PATTERN } from "../../../core/resources/payload-version.ts";
import {
  type Endpoint,
  type EnvironmentEndpoint,
  type EnvironmentEndpointFilter,
  endpointStates,
} from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { choice, nullable, wordOut } from "../../http/schema.ts";
import { applicationNameExample, applicationNameFields, applicationNameOut } from "../application/name.ts";
import { endpointExample, endpointOut, endpointOutFields } from "./fields.ts";
import { EndpointHeadersOut, headersOut } from "./headers.ts";
import { TransformationOut } from "./transformation.ts";
import { transformationOut } from "./transformation-fields.ts";

const URL_PART_CHARS_MAX = 500;

export const endpointStateOut = wordOut(endpointStates, {
  description:
    "The first that holds: `disabled`, `paused`, `failing` (the latest attempt failed), otherwise `healthy`.",
});

export const failureReasonOut = nullable(
  wordOut(failureReasons, {
    description:
      "Why the latest attempt failed. Null if it succeeded, if there was none, or if it is no longer stored. An endpoint that is paused or disabled keeps the reason.",
  }),
);

export const EnvironmentEndpointOut = field.object("EnvironmentEndpointOut", {
  ...endpointOutFields,
  ...applicationNameFields,
  state: endpointStateOut,
  failureReason: failureReasonOut,
  headers: Type.Optional(EndpointHeadersOut.properties.headers),
  sensitiveHeaders: Type.Optional(EndpointHeadersOut.properties.sensitive),
  transformation: Type.Optional(TransformationOut),
});

const example = { ...endpointExample, ...applicationNameExample, state: "healthy", failureReason: null };

const query = Type.Object({
  ...pageQuery,
  with_content: Type.Optional(
    Type.Boolean({ default: false, description: "Include the headers and the transformations." }),
  ),
  state: Type.Optional(
    Type.Array(choice(endpointStates), {
      maxItems: endpointStates.length,
      description: "Include only endpoints in these states.",
    }),
  ),
  reason: Type.Optional(
    Type.Array(choice(failureReasons), {
      maxItems: failureReasons.length,
      description: "Include only endpoints whose latest attempt failed for one of these reasons.",
    }),
  ),
  disabled_cause: Type.Optional(
    Type.Array(choice(disablingCauses), {
      maxItems: disablingCauses.length,
      description: "Include only endpoints that are disabled for one of these causes.",
    }),
  ),
  api_version: Type.Optional(
    Type.String({
      pattern: PAYLOAD_VERSION_PATTERN,
      description: "Include only endpoints that are pinned to this payload version.",
    }),
  ),
  app_id: Type.Optional(
    Type.String({ description: "Include only endpoints of this application, which may stand behind a source." }),
  ),
  url: Type.Optional(
    Type.String({
      maxLength: URL_PART_CHARS_MAX,
      description: "Include only endpoints whose URL contains this text, ignoring case.",
    }),
  ),
});

export function environmentEndpointRoutes({ store, ids, lookup }: Context): Operation[] {
  return [
    operation({
      id: "endpoint.list-by-environment",
      method: "GET",
      path: "/api/v1/endpoint",
      tag: "Endpoint",
      summary: "List the endpoints of all applications",
      description:
        "Newest first, including the endpoints of sources. Follow `iterator` until `done` is true: a page can be short or empty if few endpoints match.",
      access: "environment",
      query,
      responses: {
        200: {
          description: "A page of endpoints.",
          schema: field.listOf("EnvironmentEndpointOut", EnvironmentEndpointOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [404],
      async handle({ identity, query: sent }) {
        const page = pageRequest(sent, ids, "ep_");
        const filter: EnvironmentEndpointFilter = {
          ...(sent.state !== undefined && { states: sent.state }),
          ...(sent.reason !== undefined && { failureReasons: sent.reason }),
          ...(sent.disabled_cause !== undefined && { disabledCauses: sent.disabled_cause }),
          ...(sent.api_version !== undefined && { apiVersion: sent.api_version }),
          ...(sent.app_id !== undefined && { applicationSeq: (await lookup.application(identity, sent.app_id)).seq }),
          ...(sent.url !== undefined && { url: sent.url }),
        };
        const endpoints = await store.survey.endpoints(identity.environmentSeq, filter, page);
        const idOf = ({ seq }: { readonly seq: number }) => ids.encode("ep_", seq);
        const listed = found(endpoints, page, idOf, (endpoint) => environmentEndpointOut(endpoint, ids));
        if (!sent.with_content) return reply(200, listed);
        const contents = await Promise.all(endpoints.rows.map(({ seq }) => store.configuration.endpoints.get(seq)));
        const data = listed.data.map((item, i) => ({ ...item, ...(contents[i] && contentOut(contents[i])) }));
        return reply(200, { ...listed, data });
      },
    }),
  ];
}

function contentOut(endpoint: Endpoint) {
  const { headers, sensitive: sensitiveHeaders } = headersOut(endpoint);
  return { headers, sensitiveHeaders, transformation: transformationOut(endpoint.transformation) };
}

function environmentEndpointOut({ application, state, failureReason, ...endpoint }: EnvironmentEndpoint, ids: IdCodec) {
  return {
    ...endpointOut({ ...endpoint, headers: {}, transformation: null }, ids),
    ...applicationNameOut(application, ids),
    ...{ state, failureReason },
  };
}
