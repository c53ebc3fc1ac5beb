import { Type } from "@sinclair/typebox";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import { SystemOut, systemExample, systemOut } from "./fields.ts";

const DiagnosticsOut = field.object("DiagnosticsOut", {
  createdAt: field.instantOut,
  system: SystemOut,
  environmentsTotal: Type.Integer(),
  environments: Type.Array(Type.Object({}, { additionalProperties: true }), {
    description: "Counts, dead letters by reason, and failing and disabled endpoints of at most 100 environments.",
  }),
  unenforcedRules: Type.Array(Type.Object({}, { additionalProperties: true })),
  metrics: Type.String({ description: "The metrics in the text format of Prometheus." }),
  log: Type.Array(Type.Object({}, { additionalProperties: true }), {
    description: "The latest warnings and errors of the log since the start, at most 200, the oldest first.",
  }),
});

export function systemRoutes(context: Context): Operation[] {
  const tag = "System";
  return [
    operation({
      id: "system.get",
      method: "GET",
      path: "/api/v1/system",
      tag,
      summary: "Get the state of the server",
      description:
        "Settings with their sources, versions, sizes, limits, and the state of store, clock and deliveries. Secrets are shown as `[set]`.",
      access: "root",
      responses: { 200: { description: "The state of the server.", schema: SystemOut, example: systemExample } },
      problems: [],
      async handle() {
        return reply(200, await systemOut(context));
      },
    }),

    operation({
      id: "system.diagnostics",
      method: "GET",
      path: "/api/v1/system/diagnostics",
      tag,
      summary: "Download a diagnostic bundle",
      description:
        "One JSON document with the state of the server and of each environment, the metrics, and the latest warnings and errors of the log. It contains no payloads, secrets or header values; URLs are without credentials and query.",
      access: "root",
      responses: {
        200: {
          description: "The bundle.",
          schema: DiagnosticsOut,
          example: {
            ...{ createdAt: systemExample.clock.now, system: systemExample, environmentsTotal: 1, environments: [] },
            ...{ unenforcedRules: [], metrics: "boathook_messages_accepted_total 1\n", log: [] },
          },
        },
      },
      problems: [],
      async handle() {
        const bundle = await diagnosticsOf(context);
        const name = `boathook-diagnostics-${bundle.createdAt.replace(/\D/g, "").slice(0, 14)}.json`;
        return { ...reply(200, bundle), headers: { "content-disposition": `attachment; filename="${name}"` } };
      },
    }),
  ];
}
