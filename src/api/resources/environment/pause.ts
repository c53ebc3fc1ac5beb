import { pauseEnvironment } from "../../../commands/environments.ts";
import { notFound } from "../../../core/problem.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { EnvironmentModelOut, environmentExample, environmentOut } from "./fields.ts";

/** Defines the operations on the environment of the token. */
export function environmentPauseRoutes(context: Context): Operation[] {
  const { store, ids } = context;
  const tag = "Environment";
  const path = "/api/v1/environment";
  const paused = { ...environmentExample, pausedAt: environmentExample.createdAt };

  return [
    operation({
      id: "environment.get",
      method: "GET",
      path,
      tag,
      summary: "Get the environment of the token",
      description: "`pausedAt` says whether its deliveries are paused.",
      access: "environment",
      responses: {
        200: { description: "The environment.", schema: EnvironmentModelOut, example: environmentExample },
      },
      problems: [404],
      async handle({ identity }) {
        const environment = await store.configuration.environments.get(identity.environmentSeq);
        if (environment === null) throw notFound("Environment not found");
        return reply(200, environmentOut(environment, ids));
      },
    }),

    operation({
      id: "environment.pause",
      method: "POST",
      path: `${path}/pause`,
      tag,
      summary: "Pause the deliveries of the environment",
      description:
        "Messages are accepted and stored, but no further attempt to an endpoint of the environment starts, until the environment is resumed. Attempts under way finish. Endpoints keep their own `paused`. The state survives restarts. An environment that is already paused keeps its `pausedAt`.",
      access: "environment",
      responses: { 200: { description: "The environment is paused.", schema: EnvironmentModelOut, example: paused } },
      problems: [404],
      async handle({ identity }) {
        return reply(200, environmentOut(await pauseEnvironment(context, identity.environmentSeq, true), ids));
      },
    }),

    operation({
      id: "environment.resume",
      method: "POST",
      path: `${path}/resume`,
      tag,
      summary: "Resume the deliveries of the environment",
      description: "Endpoints that are paused themselves stay paused.",
      access: "environment",
      responses: {
        200: {
          description: "The environment is not paused.",
          schema: EnvironmentModelOut,
          example: environmentExample,
        },
      },
      problems: [404],
      async handle({ identity }) {
        return reply(200, environmentOut(await pauseEnvironment(context, identity.environmentSeq, false), ids));
      },
    }),
  ];
}
