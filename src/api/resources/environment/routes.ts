import { Type } from "@sinclair/typebox";
import { createEnvironment, deleteEnvironment, renameEnvironment } from "../../../commands/environments.ts";
import { notFound } from "../../../core/problem.ts";
import type { Environment } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { findEnvironment } from "../../identity/find-environment.ts";
import {
  EnvironmentModelIn,
  EnvironmentModelOut,
  EnvironmentModelUpdate,
  environmentExample as example,
  environmentOut as out,
} from "./fields.ts";

export function environmentRoutes(context: Context): Operation[] {
  const { store, ids } = context;
  const tag = "Environment";
  const path = "/api/v1/management/environment";
  const one = `${path}/:env_id` as const;
  const found = { description: "The environment.", schema: EnvironmentModelOut, example };

  async function get(text: string): Promise<Environment> {
    const environment = await findEnvironment(store, ids, text);
    if (environment === null) throw notFound("Environment not found");
    return environment;
  }

  return [
    operation({
      id: "v1.management.environment.list",
      method: "GET",
      path,
      tag,
      summary: "List environments",
      access: "root",
      query: Type.Object({ ...pageQuery, ...orderQuery("ascending") }),
      responses: {
        200: {
          description: "A page of environments.",
          schema: field.listOf("EnvironmentModelOut", EnvironmentModelOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [],
      async handle({ query }) {
        const page = await store.configuration.environments.page(
          pageRequest(query, ids, "org_", query.order ?? "ascending"),
        );
        const idOf = ({ seq }: Environment) => ids.encode("org_", seq);
        return reply(
          200,
          listed(page, idOf, (environment) => out(environment, ids)),
        );
      },
    }),

    operation({
      id: "v1.management.environment.create",
      method: "POST",
      path,
      tag,
      summary: "Create an environment",
      access: "root",
      body: EnvironmentModelIn,
      bodyExample: { name: example.name, type: example.type },
      responses: { 201: { ...found, description: "The environment was created." } },
      problems: [409],
      async handle({ body }) {
        return reply(201, out(await createEnvironment(context, body), ids));
      },
    }),

    operation({
      id: "v1.management.environment.get",
      method: "GET",
      path: one,
      tag,
      summary: "Get an environment",
      access: "root",
      responses: { 200: found },
      problems: [404],
      async handle({ params }) {
        return reply(200, out(await get(params.env_id), ids));
      },
    }),

    operation({
      id: "v1.management.environment.update",
      method: "PUT",
      path: one,
      tag,
      summary: "Rename an environment",
      access: "root",
      body: EnvironmentModelUpdate,
      bodyExample: { name: example.name },
      responses: { 200: found },
      problems: [404, 409],
      async handle({ params, body }) {
        const environment = await get(params.env_id);
        return reply(200, out(await renameEnvironment(context, environment, body.name), ids));
      },
    }),

    operation({
      id: "v1.management.environment.delete",
      method: "DELETE",
      path: one,
      tag,
      summary: "Delete an environment",
      description: "Deletes the environment with everything in it. Cancels pending deliveries and revokes its tokens.",
      access: "root",
      responses: { 204: { description: "The environment was deleted." } },
      problems: [404, 409],
      async handle({ params }) {
        const environment = await get(params.env_id);
        await deleteEnvironment(context, environment);
        return { ...noContent, changed: { environmentId: ids.encode("org_", environment.seq) } };
      },
    }),
  ];
}
