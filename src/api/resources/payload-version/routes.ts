import { Type } from "@sinclair/typebox";
import {
  changePayloadVersion,
  createPayloadVersion,
  deletePayloadVersion,
  payloadVersion,
  payloadVersions,
} from "../../../commands/payload-versions.ts";
import { iteratorOfName, listOut, pageLimitDefault, parseNameIterator } from "../../../core/page.ts";
import { settingsOf } from "../../../core/resources/field.ts";
import { type PayloadVersion, payloadVersionFields } from "../../../core/resources/payload-version.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { pageQuery } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyPatch } from "../../http/resource.ts";
import {
  payloadVersionExample as example,
  PayloadVersionIn,
  PayloadVersionOut,
  PayloadVersionPatch,
  PayloadVersionUsageOut,
  payloadVersionOut,
} from "./fields.ts";

export function payloadVersionRoutes(context: Context): Operation[] {
  const { store, ids } = context;
  const tag = "Payload version";
  const path = "/api/v1/payload-version";
  const one = `${path}/:payload_version` as const;
  const found = { description: "The payload version.", schema: PayloadVersionOut, example };
  const keyOf = (environmentSeq: number, version: string) => ({ environmentSeq, version });
  const out = (version: PayloadVersion) => payloadVersionOut(version, ids);

  return [
    operation({
      id: "payload-version.list",
      method: "GET",
      path,
      tag,
      summary: "List payload versions",
      description: "Newest first. Versions are ordered as text.",
      access: "environment",
      query: Type.Object({ ...pageQuery }),
      responses: {
        200: {
          description: "A page of payload versions.",
          schema: field.listOf("PayloadVersionOut", PayloadVersionOut),
          example: { data: [example], iterator: example.version, prevIterator: `-${example.version}`, done: true },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const all = await payloadVersions(context, identity.environmentSeq);
        const { items, more } = pageOf(all, query.limit ?? pageLimitDefault, query.iterator);
        const listed = listOut(items, ({ version }) => iteratorOfName(version), more);
        return reply(200, { ...listed, data: items.map(out) });
      },
    }),

    operation({
      id: "payload-version.create",
      method: "POST",
      path,
      tag,
      summary: "Create a payload version",
      description:
        "Messages that are accepted after the response have the form of the newest version. Endpoints that are pinned to an older version get the form that `downgrade` returns. See /docs/guide/versions.",
      access: "environment",
      body: PayloadVersionIn,
      bodyExample: { version: example.version, eventTypes: example.eventTypes, downgrade: example.downgrade },
      responses: { 201: { ...found, description: "The payload version was created." } },
      problems: [409, 429],
      async handle({ identity, body }) {
        const key = keyOf(identity.environmentSeq, body.version);
        const settings = applyPatch(payloadVersionFields, settingsOf(payloadVersionFields), body);
        const version = await createPayloadVersion(context, key, settings);
        return { ...reply(201, out(version)), changed: { payloadVersion: body.version } };
      },
    }),

    operation({
      id: "payload-version.get",
      method: "GET",
      path: one,
      tag,
      summary: "Get a payload version",
      access: "environment",
      responses: { 200: found },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, out(await payloadVersion(context, keyOf(identity.environmentSeq, params.payload_version))));
      },
    }),

    operation({
      id: "payload-version.patch",
      method: "PATCH",
      path: one,
      tag,
      summary: "Change a payload version",
      description: "Absent fields are unchanged. A changed `downgrade` also applies to retries.",
      access: "environment",
      body: PayloadVersionPatch,
      bodyExample: { deprecatedAt: "2026-11-01T00:00:00.000Z", sunsetAt: "2027-05-01T00:00:00.000Z" },
      responses: { 200: found },
      problems: [404, 429],
      async handle({ identity, params, body }) {
        const key = keyOf(identity.environmentSeq, params.payload_version);
        const change = (before: PayloadVersion) => applyPatch(payloadVersionFields, before, body);
        return reply(200, out(await changePayloadVersion(context, key, change)));
      },
    }),

    operation({
      id: "payload-version.delete",
      method: "DELETE",
      path: one,
      tag,
      summary: "Delete a payload version",
      description:
        "A version to which endpoints are pinned cannot be deleted; the response is 409 `in_use`. Messages that were accepted while the version existed are still downgraded with it.",
      access: "environment",
      responses: { 204: { description: "The payload version was deleted." } },
      problems: [404, 409],
      async handle({ identity, params }) {
        await deletePayloadVersion(context, keyOf(identity.environmentSeq, params.payload_version));
        return noContent;
      },
    }),

    operation({
      id: "payload-version.usage",
      method: "GET",
      path: `${one}/usage`,
      tag,
      summary: "Count the endpoints that are pinned to a payload version",
      access: "environment",
      responses: {
        200: { description: "The number of endpoints.", schema: PayloadVersionUsageOut, example: { count: 2 } },
      },
      problems: [404],
      async handle({ identity, params }) {
        const { version } = await payloadVersion(context, keyOf(identity.environmentSeq, params.payload_version));
        const count = await store.configuration.payloadVersions.usage(identity.environmentSeq, version);
        return reply(200, { count });
      },
    }),
  ];
}

/** Returns a page of versions, which are few, in display order. `more` is as in `listOut`. */
function pageOf(all: readonly PayloadVersion[], limit: number, iterator: string | undefined) {
  if (iterator === undefined) return { items: all.slice(0, limit), more: all.length > limit };
  const { name, backwards } = parseNameIterator(iterator);
  const rest = all.filter(({ version }) => (backwards ? version > name : version < name));
  return { items: backwards ? rest.slice(-limit) : rest.slice(0, limit), more: rest.length > limit };
}
