import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { AuditEntry } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, historyRequest, pageQuery, windowOf, windowQuery } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { AuditActorOut, actorOut } from "./actor.ts";
import { targetsOf, targetsOut } from "./targets.ts";

export const AuditEntryOut = field.object("AuditEntryOut", {
  id: field.idOut("audit_"),
  timestamp: field.instantOut,
  actor: AuditActorOut,
  action: Type.String({ description: "The `operationId` of the operation in this document." }),
  subject: Type.Record(Type.String(), Type.String(), { description: "The ids of what was changed, by kind." }),
  targets: targetsOut,
  outcome: Type.String({
    enum: ["done", "unknown"],
    description: "`unknown` if the change is in progress, or if the server stopped before its outcome was recorded.",
  }),
});

const example = {
  id: "audit_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  timestamp: "2026-01-01T00:00:00.000Z",
  actor: { type: "token", id: "tok_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", name: "billing service" },
  action: "v1.endpoint.patch",
  subject: { appId: "app_0KfxFXFUH4hEMq0Y8gpRxcT2bSr", endpointId: "ep_0KfxFXFUH4hEMq0Y8gpRxcT2bSr" },
  targets: {
    appId: { name: "Acme", deleted: false },
    endpointId: { name: "https://example.com/webhooks", deleted: false },
  },
  outcome: "done",
};

const TEXT_CHARS_MAX = 200;
const part = (of: string) =>
  Type.Optional(
    Type.String({
      maxLength: TEXT_CHARS_MAX,
      description: `Include only changes with this text in ${of}, ignoring case.`,
    }),
  );

const filterQuery = {
  actor: part("the name, id or type of the actor"),
  action: part("the id of the operation"),
  app_id: Type.Optional(
    Type.String({
      description: "Include only changes of this application and of what belongs to it, given by id or uid.",
    }),
  ),
  text: part("the actor, the operation or an id of what was changed"),
};

export function auditLogRoutes({ store, ids, lookup }: Context): Operation[] {
  return [
    operation({
      id: "audit-log.list",
      method: "GET",
      path: "/api/v1/audit-log",
      tag: "Audit log",
      summary: "List changes of the configuration",
      description:
        "Newest first. Lists all changes, but not sent messages. Entries contain no secrets or payloads. Entries are kept for 400 days. With filters, a page can be short or empty although `done` is false.",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...windowQuery, ...filterQuery }),
      responses: {
        200: {
          description: "A page of changes.",
          schema: field.listOf("AuditEntryOut", AuditEntryOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [404],
      async handle({ identity, query }) {
        const page = historyRequest(query, ids, "audit_");
        const { actor, action, app_id: app, text } = query;
        const application = app === undefined ? null : await lookup.application(identity, app);
        const rows = await store.configuration.audit.list(identity.environmentSeq, windowOf(query), page, {
          ...(actor !== undefined && { actor }),
          ...(action !== undefined && { action }),
          ...(application !== null && { applicationId: ids.encode("app_", application.seq) }),
          ...(text !== undefined && { text }),
        });
        const targets = await targetsOf(store, ids, identity, rows.rows);
        return reply(
          200,
          found(
            rows,
            page,
            ({ seq }) => ids.encode("audit_", seq),
            (entry) => ({ ...out(entry, ids), targets: targets(entry) }),
          ),
        );
      },
    }),
  ];
}

function out(entry: AuditEntry, ids: IdCodec) {
  return {
    id: ids.encode("audit_", entry.seq),
    timestamp: formatInstant(entry.at),
    actor: actorOut(entry.actor),
    action: entry.action,
    subject: entry.subject,
    outcome: entry.done ? "done" : "unknown",
  };
}
