import { type Static, Type } from "@sinclair/typebox";
import { gracePeriodSecondsMax, ingestUrlOf, rotateSourceToken } from "../../../commands/source-tokens.ts";
import { shownSource } from "../../../commands/source-type.ts";
import { changeSource, createSource, deleteSource, putSource } from "../../../commands/sources.ts";
import type { Source } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { refusal } from "../../http/documented-problems.ts";
import * as field from "../../http/fields.ts";
import { uidOfPath, uidOfPut } from "../../http/lookup.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listedAs, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { changeReply, noContent, reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import {
  connectionOut,
  IngestSourceDetailOut,
  IngestSourceIn,
  IngestSourceListedOut,
  IngestSourceOut,
  IngestSourcePatch,
  IngestSourceUpdate,
  sourceDetailExample,
  sourceExample,
  sourceOut,
} from "./fields.ts";

const RotateTokenIn = field.object("RotateTokenIn", {
  gracePeriodSeconds: Type.Optional(
    nullable(
      Type.Integer({
        minimum: 0,
        maximum: gracePeriodSecondsMax,
        default: gracePeriodSecondsMax,
        description: "How long the earlier URLs stay valid, in seconds. 0 ends them at once.",
      }),
    ),
  ),
});
const RotateTokenOut = field.object("RotateTokenOut", { ingestUrl: Type.String({ format: "uri" }) });

const countsQuery = {
  with_counts: Type.Optional(Type.Boolean({ default: false, description: "Include the counts of the requests." })),
};

const found = { description: "The source.", schema: IngestSourceOut, example: sourceExample };
const created = { ...found, description: "The source was created." };
const bodyExample = { name: "Stripe Europe", type: "stripe", config: { secret: "whsec_from_the_provider" } };

export function sourceRoutes(context: Context): Operation[] {
  const { store, ids, lookup, sourceCounter, consumers } = context;
  const tag = "Source";
  const list = "/ingest/api/v1/source";
  const path = `${list}/:source_id` as const;

  /** Returns a source for this caller. Whoever knows the URL of a source may be able to send to it. */
  const out = async (source: Source, request: Request, { readOnly }: Identity) =>
    sourceOut(shownSource(source), ids, readOnly ? null : await ingestUrlOf(context, source), request);

  return [
    operation({
      id: "v1.ingest.source.list",
      method: "GET",
      path: list,
      tag,
      summary: "List sources",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending"), ...countsQuery }),
      responses: {
        200: {
          description: "A page of sources.",
          schema: field.listOf("IngestSourceOut", IngestSourceListedOut),
          example: {
            data: [sourceExample],
            iterator: sourceExample.id,
            prevIterator: `-${sourceExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query, request }) {
        const page = pageRequest(query, ids, "src_", query.order ?? "descending");
        const { rows, more } = await store.configuration.sources.list(identity.environmentSeq, page);
        const items = await Promise.all(
          rows.map(async (source) => ({
            ...(await out(source, request, identity)),
            ...(query.with_counts === true && { counts: await sourceCounter.of(source.seq) }),
          })),
        );
        return reply(
          200,
          listedAs(
            items,
            items.map(({ id }) => id),
            more,
          ),
        );
      },
    }),

    operation({
      id: "v1.ingest.source.create",
      method: "POST",
      path: list,
      tag,
      summary: "Create a source",
      description:
        "A source receives the webhooks of one provider at its `ingestUrl`, checks and stores them, and delivers them to its endpoints. `GET /api/v1/provider` lists the types and what their `config` needs.",
      access: "environment",
      body: IngestSourceIn,
      bodyExample,
      responses: { 201: created },
      problems: [409],
      async handle({ identity, body, request }) {
        return reply(201, await out(await createSource(context, identity.environmentSeq, body), request, identity));
      },
    }),

    operation({
      id: "v1.ingest.source.get",
      method: "GET",
      path,
      tag,
      summary: "Get a source",
      access: "application",
      responses: { 200: { ...found, schema: IngestSourceDetailOut, example: sourceDetailExample } },
      problems: [404],
      async handle({ identity, params, request }) {
        const source = await lookup.source(identity, params.source_id);
        // A captured secret is for the operator. Others could sign requests with it.
        const shown = identity.applicationSeq === null ? source : { ...source, captured: null };
        return reply(200, {
          ...(await out(shown, request, identity)),
          counts: await sourceCounter.of(source.seq),
          connection: connectionOut(consumers.stateOf(source.seq)),
        });
      },
    }),

    operation({
      id: "v1.ingest.source.upsert",
      method: "PUT",
      path,
      tag,
      summary: "Create or replace a source",
      description:
        "An unknown uid in the path creates a source with that uid. Absent fields get their defaults. In `config`, the value `[set]` keeps the stored secret. If the body has no `uid`, a request to the id removes the stored uid, and a request to the uid keeps it. The URL is never changed.",
      access: "environment",
      body: IngestSourceUpdate,
      bodyExample,
      responses: { 200: found, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body, request }) {
        const key = lookup.key("src_", params.source_id);
        const wanted = { ...body, uid: uidOfPut("src_", params.source_id, body) };
        const canCreate = (body.uid ?? uidOfPath("src_", params.source_id)) !== null;
        const { value, created } = await putSource(context, identity.environmentSeq, key, { wanted, canCreate });
        return reply(created ? 201 : 200, await out(value, request, identity));
      },
    }),

    operation({
      id: "v1.ingest.source.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change a source",
      description:
        "Absent fields are unchanged. `config` is merged by field: null removes a field, and `[set]` keeps the stored secret. The type cannot be changed.",
      access: "environment",
      body: IngestSourcePatch,
      bodyExample: { verification: "record" },
      responses: { 200: found },
      problems: [404, 409],
      async handle({ identity, params, body, request }) {
        const before = await lookup.source(identity, params.source_id);
        const after = await changeSource(context, before.seq, body);
        return changeReply(reply(200, await out(after, request, identity)), before, after);
      },
    }),

    operation({
      id: "v1.ingest.source.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete a source",
      description:
        "Requests to its URL get a 404 at once, and its endpoints are deleted with their pending deliveries. The uid can be reused.",
      access: "environment",
      responses: { 204: { description: "The source was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        await deleteSource(context, await lookup.source(identity, params.source_id));
        return noContent;
      },
    }),

    operation({
      id: "v1.ingest.source.rotate-token",
      method: "POST",
      path: `${path}/token/rotate`,
      tag,
      summary: "Replace the URL of a source",
      description:
        "The earlier URLs stay valid during the grace period. The URL can be replaced three times in 48 hours; a replacement with a grace period of 0 is always allowed.",
      access: "environment",
      body: RotateTokenIn,
      bodyOptional: true,
      bodyExample: { gracePeriodSeconds: 3600 },
      responses: {
        200: {
          description: "The new URL.",
          schema: RotateTokenOut,
          example: { ingestUrl: sourceExample.ingestUrl },
        },
        422: refusal(
          "A value is invalid, or the source has no URL: `no_token`.",
          "no_token",
          "A source of type `cron` has no URL.",
        ),
      },
      problems: [400, 404],
      async handle({ identity, params, body }) {
        const source = await lookup.source(identity, params.source_id);
        return reply(200, { ingestUrl: await rotateSourceToken(context, source, graceOf(body)) });
      },
    }),
  ];
}

function graceOf({ gracePeriodSeconds }: Static<typeof RotateTokenIn>): number {
  return gracePeriodSeconds ?? gracePeriodSecondsMax;
}
