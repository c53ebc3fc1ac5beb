import { Type } from "@sinclair/typebox";
import {
  changeApplication,
  createApplication,
  deleteApplication,
  ensureApplication,
  putApplication,
} from "../../../commands/applications.ts";
import { applicationFields } from "../../../core/resources/application.ts";
import type { Application } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { uidOfPath, uidOfPut } from "../../http/lookup.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyPatch, applyPut } from "../../http/resource.ts";
import { exclusionOf, exclusionQuery } from "./exclusion.ts";
import {
  ApplicationIn,
  ApplicationOut,
  ApplicationPatch,
  applicationExample,
  applicationOut,
  settingsOf,
} from "./fields.ts";
import { searchOf, searchQuery } from "./search.ts";

const bodyExample = { name: "Customer 17", uid: "customer-17" };
const one = { description: "The application.", schema: ApplicationOut, example: applicationExample };
const created = { ...one, description: "The application was created." };

export function applicationRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const tag = "Application";
  const path = "/api/v1/app/:app_id";

  const out = (application: Application) => applicationOut(application, ids);

  return [
    operation({
      id: "v1.application.list",
      method: "GET",
      path: "/api/v1/app",
      tag,
      summary: "List applications",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...orderQuery("ascending"), ...exclusionQuery, ...searchQuery }),
      responses: {
        200: {
          description: "A page of applications.",
          schema: field.listOf("ApplicationOut", ApplicationOut),
          example: {
            data: [applicationExample],
            iterator: applicationExample.id,
            prevIterator: `-${applicationExample.id}`,
            done: true,
          },
        },
      },
      problems: [],
      async handle({ identity, query }) {
        const page = pageRequest(query, ids, "app_", query.order ?? "ascending");
        const applications = await store.configuration.applications.list(
          identity.environmentSeq,
          page,
          exclusionOf(query),
          searchOf(query, ids),
        );
        return reply(
          200,
          found(applications, page, ({ seq }) => ids.encode("app_", seq), out),
        );
      },
    }),

    operation({
      id: "v1.application.create",
      method: "POST",
      path: "/api/v1/app",
      tag,
      summary: "Create an application",
      access: "environment",
      query: Type.Object({
        get_if_exists: Type.Optional(
          Type.Boolean({
            default: false,
            description: "Return the application that has this uid instead of failing.",
          }),
        ),
      }),
      body: ApplicationIn,
      bodyExample,
      responses: { 200: { ...one, description: "The application already existed." }, 201: created },
      problems: [409],
      async handle({ identity, query, body }) {
        const { environmentSeq } = identity;
        const { uid, ...settings } = settingsOf(body);
        if (!query.get_if_exists || uid === null) {
          return reply(201, out(await createApplication(context, environmentSeq, { uid, ...settings })));
        }
        const { value, created } = await ensureApplication(context, environmentSeq, { uid, ...settings });
        return created ? reply(201, out(value)) : { ...reply(200, out(value)), changed: null };
      },
    }),

    operation({
      id: "v1.application.get",
      method: "GET",
      path,
      tag,
      summary: "Get an application",
      access: "application",
      responses: { 200: one },
      problems: [404],
      async handle({ identity, params }) {
        return reply(200, out(await lookup.application(identity, params.app_id)));
      },
    }),

    operation({
      id: "v1.application.update",
      method: "PUT",
      path,
      tag,
      summary: "Create or replace an application",
      description:
        "An unknown uid in the path creates an application with that uid. Absent fields get their defaults. If the body has no `uid`, a request to the id removes the stored uid, and a request to the uid keeps it.",
      access: "environment",
      body: ApplicationIn,
      bodyExample,
      responses: { 200: one, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const uid = body.uid ?? uidOfPath("app_", params.app_id);
        const replacement = { ...body, uid: uidOfPut("app_", params.app_id, body) };
        const key = lookup.key("app_", params.app_id);
        // Refuses an application that has moved or is moving.
        await lookup.applicationOrNull(identity, params.app_id);
        const { value, created } = await putApplication(context, identity.environmentSeq, key, {
          settings: uid === null ? null : { ...settingsOf(body), uid },
          change: (before) => applyPut(applicationFields, before, replacement),
        });
        return reply(created ? 201 : 200, out(value));
      },
    }),

    operation({
      id: "v1.application.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an application",
      description: "Absent fields are unchanged.",
      access: "environment",
      body: ApplicationPatch,
      bodyExample: { name: "Customer 17 (renamed)" },
      responses: { 200: one },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const { seq } = await lookup.application(identity, params.app_id);
        const after = await changeApplication(context, seq, (before) => applyPatch(applicationFields, before, body));
        return reply(200, out(after));
      },
    }),

    operation({
      id: "v1.application.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete an application",
      description:
        "Deletes the endpoints of the application too and cancels its pending deliveries. The uid can be reused.",
      access: "environment",
      responses: { 204: { description: "The application was deleted." } },
      problems: [404],
      async handle({ identity, params }) {
        await deleteApplication(context, await lookup.application(identity, params.app_id));
        return noContent;
      },
    }),
  ];
}
