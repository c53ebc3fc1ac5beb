import { type Static, Type } from "@sinclair/typebox";
import { applicationUidTaken, changeApplication, deleteApplication } from "../../../commands/applications.ts";
import { applicationChanged } from "../../../commands/publish.ts";
import type { Seq } from "../../../core/id.ts";
import { notFound } from "../../../core/problem.ts";
import { applicationFields, plainApplication } from "../../../core/resources/application.ts";
import { uidProblem } from "../../../core/rule.ts";
import type { Application } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { findOrMake } from "../../http/find-or-make.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { found, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { applyCreate, applyPatch, applyPut } from "../../http/resource.ts";
import type { Identity } from "../../identity/auth.ts";
import { exclusionOf, exclusionQuery } from "./exclusion.ts";
import { ApplicationIn, ApplicationOut, ApplicationPatch, applicationExample, applicationOut } from "./fields.ts";

const bodyExample = { name: "Customer 17", uid: "customer-17" };
const one = { description: "The application.", schema: ApplicationOut, example: applicationExample };
const created = { ...one, description: "The application was made." };

export function applicationRoutes(context: Context): Operation[] {
  const { store, ids, lookup } = context;
  const tag = "Application";
  const path = "/api/v1/app/:app_id";

  const out = (application: Application) => applicationOut(application, ids);

  async function update(seq: Seq, change: (before: Application) => Partial<Application>) {
    return reply(200, out(await changeApplication(context, seq, change)));
  }

  return [
    operation({
      id: "v1.application.list",
      method: "GET",
      path: "/api/v1/app",
      tag,
      summary: "List applications",
      access: "environment",
      query: Type.Object({ ...pageQuery, ...orderQuery("ascending"), ...exclusionQuery }),
      answers: {
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
            description: "Answer with the application that has this uid, if there is one.",
          }),
        ),
      }),
      body: ApplicationIn,
      bodyExample,
      answers: { 200: { ...one, description: "It was there already." }, 201: created },
      problems: [409],
      async handle({ identity, query, body }) {
        const { uid } = body;
        if (!query.get_if_exists || !uid) return reply(201, out(await createApplication(context, identity, body)));
        const found = await findOrMake(
          () => store.configuration.applications.find(identity.environmentSeq, { uid }),
          () => makeApplication(context, identity, body),
        );
        if (found === null) throw applicationUidTaken();
        return found.made ? reply(201, out(found.thing)) : { ...reply(200, out(found.thing)), changed: null };
      },
    }),

    operation({
      id: "v1.application.get",
      method: "GET",
      path,
      tag,
      summary: "Get an application",
      access: "application",
      answers: { 200: one },
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
      description: "An unknown uid in the path makes the application with that uid. A uid that is not sent stays.",
      access: "environment",
      body: ApplicationIn,
      bodyExample,
      answers: { 200: one, 201: created },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const found = await findOrMake(
          () => lookup.applicationOrNull(identity, params.app_id),
          async () => makeApplication(context, identity, { ...body, uid: body.uid ?? uidFromPath(params.app_id) }),
        );
        if (found === null) throw applicationUidTaken();
        if (found.made) return reply(201, out(found.thing));
        return update(found.thing.seq, (before) => applyPut(applicationFields, before, body));
      },
    }),

    operation({
      id: "v1.application.patch",
      method: "PATCH",
      path,
      tag,
      summary: "Change an application",
      description: "What is not sent stays as it is.",
      access: "environment",
      body: ApplicationPatch,
      bodyExample: { name: "Customer 17 (renamed)" },
      answers: { 200: one },
      problems: [404, 409],
      async handle({ identity, params, body }) {
        const { seq } = await lookup.application(identity, params.app_id);
        return update(seq, (before) => applyPatch(applicationFields, before, body));
      },
    }),

    operation({
      id: "v1.application.delete",
      method: "DELETE",
      path,
      tag,
      summary: "Delete an application",
      description: "With its endpoints. What was to be delivered is cancelled; the uid is free again.",
      access: "environment",
      answers: { 204: { description: "It is gone." } },
      problems: [404],
      async handle({ identity, params }) {
        await deleteApplication(context, await lookup.application(identity, params.app_id));
        return noContent;
      },
    }),
  ];
}

/** 409 when the uid is taken. */
export async function createApplication(
  context: Context,
  identity: Identity,
  body: Static<typeof ApplicationIn>,
): Promise<Application> {
  const application = await makeApplication(context, identity, body);
  if (application === null) throw applicationUidTaken();
  return application;
}

/** Null: the uid is taken. */
async function makeApplication(
  context: Context,
  identity: Identity,
  body: Static<typeof ApplicationIn>,
): Promise<Application | null> {
  const now = context.clock.now();
  const { environmentSeq } = identity;
  const plain = plainApplication({ seq: context.seqs.next(), environmentSeq, name: body.name, now });
  const application = applyCreate(applicationFields, plain, body);
  if (!(await context.store.configuration.applications.create(application))) return null;
  applicationChanged(context, application);
  return application;
}

/** What stands in the path becomes the uid, unless it looks like an id: then it names an application that is gone. */
function uidFromPath(text: string): string {
  if (uidProblem(text, "app_") !== null) throw notFound("Application not found");
  return text;
}
