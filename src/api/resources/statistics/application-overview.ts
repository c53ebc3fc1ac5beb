/** Counts of each application, beside the overview of their environment. */
import { Type } from "@sinclair/typebox";
import { formatInstant } from "../../../core/instant.ts";
import { deadCountMax } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { nullable } from "../../http/schema.ts";
import { ApplicationOut, applicationExample, applicationOut } from "../application/fields.ts";
import { searchOf, searchQuery } from "../application/search.ts";

export const ApplicationOverviewOut = field.object("ApplicationOverviewOut", {
  application: ApplicationOut,
  endpoints: Type.Integer({ description: "Number of endpoints." }),
  failing: Type.Integer({ description: "Number of endpoints in the state `failing`." }),
  dead: Type.Integer({
    description: `Number of dead letters. Counting stops at ${deadCountMax}, which therefore means "${deadCountMax} or more".`,
  }),
  lastMessageAt: nullable(
    Type.String({
      format: "date-time",
      description: "Time of the newest message that is still stored; null if there is none.",
    }),
  ),
});

const example = {
  application: applicationExample,
  ...{ endpoints: 3, failing: 1, dead: 17, lastMessageAt: "2026-01-01T00:00:00.000Z" },
};

export function applicationOverviewRoutes({ store, ids }: Context): Operation[] {
  return [
    operation({
      id: "overview.list-applications",
      method: "GET",
      path: "/api/v1/overview/app",
      tag: "Overview",
      summary: "List applications with counts",
      description: "Lists the applications of `GET /api/v1/app` with counts of their endpoints and dead letters.",
      access: "environment",
      scopes: ["overview:Read", "application:Read"],
      query: Type.Object({ ...pageQuery, ...orderQuery("ascending"), ...searchQuery }),
      responses: {
        200: {
          description: "A page of applications.",
          schema: field.listOf("ApplicationOverviewOut", ApplicationOverviewOut),
          example: {
            data: [example],
            iterator: applicationExample.id,
            prevIterator: `-${applicationExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const request = pageRequest(query, ids, "app_", query.order ?? "ascending");
        const { applications } = store.configuration;
        const { environmentSeq } = identity;
        const page = await applications.list(environmentSeq, request, null, searchOf(query, ids));
        const seqs = page.rows.map(({ seq }) => seq);
        const counts = await store.survey.applicationCounts(environmentSeq, seqs);
        const rows = page.rows.map((application, i) => ({ seq: application.seq, application, counts: counts[i]! }));
        const idOf = ({ seq }: { readonly seq: number }) => ids.encode("app_", seq);
        return reply(
          200,
          found({ ...page, rows }, request, idOf, ({ application, counts: { lastMessageAt, ...rest } }) => ({
            application: applicationOut(application, ids),
            ...rest,
            lastMessageAt: lastMessageAt === null ? null : formatInstant(lastMessageAt),
          })),
        );
      },
    }),
  ];
}
