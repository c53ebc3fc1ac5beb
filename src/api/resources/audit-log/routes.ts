import { Type } from "@sinclair/typebox";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import type { AuditEntry } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { historyRequest, listed, pageQuery, windowOf, windowQuery } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { AuditActorOut, actorOut } from "./actor.ts";

export const AuditEntryOut = field.object("AuditEntryOut", {
  id: field.idOut("audit_"),
  timestamp: field.instantOut,
  actor: AuditActorOut,
  action: Type.String({ description: "The `operationId` of the operation in this document." }),
  subject: Type.Record(Type.String(), Type.String(), { description: "The ids of what was changed, by kind." }),
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
  outcome: "done",
};

export function auditLogRoutes({ store, ids }: Context): Operation[] {
  return [
    operation({
      id: "audit-log.list",
      method: "GET",
      path: "/api/v1/audit-log",
      tag: "Audit log",
      summary: "List changes of the configuration",
      description:
        "Newest first. Lists all changes, but not sent messages. Entries contain no secrets or payloads. Entries are kept for 400 days.",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...windowQuery }),
      responses: {
        200: {
          description: "A page of changes.",
          schema: field.listOf("AuditEntryOut", AuditEntryOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const page = historyRequest(query, ids, "audit_");
        const rows = await store.configuration.audit.list(identity.environmentSeq, windowOf(query), page);
        return reply(
          200,
          listed(
            rows,
            ({ seq }) => ids.encode("audit_", seq),
            (entry) => out(entry, ids),
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
