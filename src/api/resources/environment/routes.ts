import { Type } from "@sinclair/typebox";
import { deleteApplication } from "../../../commands/applications.ts";
import { endpointDeleted } from "../../../commands/publish.ts";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { conflict, notFound } from "../../../core/problem.ts";
import type { Environment } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { noContent, reply } from "../../http/reply.ts";
import { choice, ruled } from "../../http/schema.ts";
import { defaultEnvironment, environmentPrefix, findEnvironment } from "../../identity/environment-name.ts";

const NAME_CHARS_MAX = 255;
/** Printable ASCII without a space at either end: what arrives in a header as it was sent. */
const NAME_PATTERN = "^[!-~]([ -~]*[!-~])?$";
const namePattern = new RegExp(NAME_PATTERN);
const REGION = "self-hosted";
const DELETED_AT_ONCE = 100;

const name = ruled(Type.String({ minLength: 1, maxLength: NAME_CHARS_MAX }), nameProblem, {
  description:
    "Unique. It chooses the environment in the header `boathook-environment`, as the id does, and so consists of what a header can carry.",
  pattern: NAME_PATTERN,
  examples: ["production"],
});
const type = choice(["development", "production"], { description: "For people." });

const EnvironmentModelIn = field.object("EnvironmentModelIn", { name, type });
const EnvironmentModelUpdate = field.object("EnvironmentModelUpdate", { name });
const EnvironmentModelOut = field.object("EnvironmentModelOut", {
  id: field.idOut("org_"),
  name: Type.String(),
  type: Type.String({ enum: ["development", "production"] }),
  region: Type.String({ enum: ["eu", "us", "au", "ca", REGION] }),
  createdAt: field.instantOut,
  updatedAt: field.instantOut,
});

const example = {
  id: "org_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  name: "staging",
  type: "development",
  region: REGION,
  createdAt: "2026-01-01T00:00:00.000Z",
  updatedAt: "2026-01-01T00:00:00.000Z",
};

/** A name must not be taken for an id, and must survive in a header. */
function nameProblem(text: string): string | null {
  if (text.startsWith(environmentPrefix)) return `Must not start with ${environmentPrefix}, as ids do.`;
  return namePattern.test(text) ? null : "Only printable ASCII characters are allowed, without a space at either end.";
}

export function environmentRoutes(context: Context): Operation[] {
  const { store, ids, clock, signals } = context;
  const tag = "Environment";
  const path = "/api/v1/management/environment";
  const one = `${path}/:env_id` as const;
  const found = { description: "The environment.", schema: EnvironmentModelOut, example };

  async function get(text: string): Promise<Environment> {
    const environment = await findEnvironment(store, ids, text);
    if (environment === null) throw notFound("Environment not found");
    return environment;
  }

  /**
   * Its applications go one by one, so that no commit takes long, and last the hidden one that is told of the others. What is
   * added meanwhile goes with the environment, which is told as well.
   */
  async function deleteApplications({ seq }: Environment): Promise<void> {
    const page = { limit: DELETED_AT_ONCE, from: null, backwards: false, order: "ascending" } as const;
    for (;;) {
      const { rows } = await store.configuration.applications.list(seq, page);
      for (const application of rows) await deleteApplication(context, application);
      if (rows.length === 0) break;
    }
    const hidden = (await store.configuration.applications.operational()).find(
      ({ environmentSeq }) => environmentSeq === seq,
    );
    if (hidden !== undefined) await deleteApplication(context, hidden);
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
      answers: {
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
      answers: { 201: { ...found, description: "The environment was made." } },
      problems: [409],
      async handle({ body }) {
        const now = clock.now();
        const environment = {
          seq: context.seqs.next(),
          name: body.name,
          type: body.type,
          createdAt: now,
          updatedAt: now,
        };
        if (!(await store.configuration.environments.create(environment))) throw taken();
        return reply(201, out(environment, ids));
      },
    }),

    operation({
      id: "v1.management.environment.get",
      method: "GET",
      path: one,
      tag,
      summary: "Get an environment",
      access: "root",
      answers: { 200: found },
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
      answers: { 200: found },
      problems: [404, 409],
      async handle({ params, body }) {
        const environment = await get(params.env_id);
        if (body.name !== environment.name) refuseForItsName(environment);
        const after = { ...environment, name: body.name, updatedAt: clock.now() };
        if (!(await store.configuration.environments.rename(after.seq, after.name, after.updatedAt))) throw taken();
        signals.send({ type: "environment.changed", environmentSeq: after.seq });
        return reply(200, out(after, ids));
      },
    }),

    operation({
      id: "v1.management.environment.delete",
      method: "DELETE",
      path: one,
      tag,
      summary: "Delete an environment",
      description: "With everything in it. What was to be delivered is cancelled, and its tokens end.",
      access: "root",
      answers: { 204: { description: "It is gone." } },
      problems: [404, 409],
      async handle({ params }) {
        const environment = await get(params.env_id);
        if (environment.name === defaultEnvironment) refuseForItsName(environment);
        await deleteApplications(environment);
        const { seq: environmentSeq } = environment;
        const { applications, endpoints } = await store.configuration.environments.delete(environmentSeq, clock.now());
        signals.send({ type: "environment.changed", environmentSeq });
        for (const applicationSeq of applications) {
          signals.send({ type: "application.changed", applicationSeq, environmentSeq });
        }
        for (const endpoint of endpoints) endpointDeleted(context, endpoint);
        return { ...noContent, changed: { environmentId: ids.encode("org_", environment.seq) } };
      },
    }),
  ];
}

/** Some names are what requests come by that name no environment, or name it as a JWT does. */
function refuseForItsName({ name }: Environment): void {
  if (name === defaultEnvironment) {
    throw conflict(`\`${defaultEnvironment}\` is where requests go that name no environment: it stays.`);
  }
  if (name.startsWith(environmentPrefix)) throw conflict("This environment has the name that its JWTs give it.");
}

function out(environment: Environment, ids: IdCodec) {
  return {
    id: ids.encode("org_", environment.seq),
    name: environment.name,
    type: environment.type,
    region: REGION,
    createdAt: formatInstant(environment.createdAt),
    updatedAt: formatInstant(environment.updatedAt),
  };
}

function taken() {
  return conflict("An environment with that name already exists");
}
