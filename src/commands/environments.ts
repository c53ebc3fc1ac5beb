import { defaultEnvironment, environmentPrefix } from "../core/environment.ts";
import type { Seq } from "../core/id.ts";
import { conflict, notFound, type Problem } from "../core/problem.ts";
import type { Environment } from "../store/index.ts";
import { deleteApplication } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { endpointDeleted, sourceChanged } from "./publish.ts";
import { deleteSource } from "./sources.ts";

const DELETED_AT_ONCE = 100;

/** Creates an environment. Throws 409 if the name is taken. */
export async function createEnvironment(
  { store, seqs, clock }: Pick<CommandContext, "store" | "seqs" | "clock">,
  wanted: Pick<Environment, "name" | "type">,
): Promise<Environment> {
  const now = clock.now();
  const environment = { ...wanted, seq: seqs.next(), pausedAt: null, createdAt: now, updatedAt: now };
  if (!(await store.configuration.environments.create(environment))) throw nameTaken();
  return environment;
}

/** Returns the environment with this name. Creates it if it does not exist. */
export function ensureEnvironment(
  { store, seqs, clock }: Pick<CommandContext, "store" | "seqs" | "clock">,
  name: string,
): Promise<Environment> {
  return store.configuration.environments.ensure({ seq: seqs.next(), name, createdAt: clock.now() });
}

/**
 * Renames an environment. Throws 409 if the name is taken. Also throws 409 for the default
 * environment and for environments that JWTs created, because requests find these by name.
 */
export async function renameEnvironment(
  { store, clock, signals }: Pick<CommandContext, "store" | "clock" | "signals">,
  environment: Environment,
  name: string,
): Promise<Environment> {
  if (name !== environment.name) checkRenamable(environment);
  const after = { ...environment, name, updatedAt: clock.now() };
  if (!(await store.configuration.environments.rename(after.seq, name, after.updatedAt))) throw nameTaken();
  signals.send({ type: "environment.changed", environmentSeq: after.seq });
  return after;
}

/**
 * Pauses or resumes the deliveries of an environment. While it is paused, messages are accepted and
 * stored. Attempts under way finish. Throws 404 if the environment has been deleted.
 */
export async function pauseEnvironment(
  { store, clock, facts, signals }: Pick<CommandContext, "store" | "clock" | "facts" | "signals">,
  environmentSeq: Seq,
  isPaused: boolean,
): Promise<Environment> {
  const environment = await store.configuration.environments.setPaused(environmentSeq, isPaused, clock.now());
  if (environment === null) throw notFound("Environment not found");
  signals.send({ type: "environment.paused", environmentSeq, isPaused });
  facts.state({ type: "environment.paused", environmentSeq, name: environment.name, isPaused });
  return environment;
}

type DeleteParts = Pick<CommandContext, "store" | "clock" | "facts" | "signals">;

/**
 * Deletes an environment with all its contents. Cancels the pending deliveries and revokes the
 * tokens. Throws 409 for the default environment.
 */
export async function deleteEnvironment(parts: DeleteParts, environment: Environment): Promise<void> {
  if (environment.name === defaultEnvironment) throw defaultStays();
  await deleteContents(parts, environment.seq);
  // This also deletes what was created in the meantime, which is announced too.
  const { seq: environmentSeq } = environment;
  const { configuration } = parts.store;
  const now = parts.clock.now();
  const { applications, endpoints, sources } = await configuration.environments.delete(environmentSeq, now);
  parts.signals.send({ type: "environment.changed", environmentSeq });
  for (const applicationSeq of applications) {
    parts.signals.send({ type: "application.changed", applicationSeq, environmentSeq });
  }
  for (const seq of sources) sourceChanged(parts, { seq, environmentSeq });
  for (const endpoint of endpoints) endpointDeleted(parts, endpoint);
}

/**
 * Deletes applications and sources one by one, so that no commit takes long. The hidden application
 * comes last, because its operational webhooks report the deletion of the others.
 */
async function deleteContents(parts: DeleteParts, environmentSeq: Seq): Promise<void> {
  const { applications, sources } = parts.store.configuration;
  const page = { limit: DELETED_AT_ONCE, from: null, backwards: false, order: "ascending" } as const;
  for (;;) {
    const { rows } = await applications.list(environmentSeq, page);
    for (const application of rows) await deleteApplication(parts, application);
    if (rows.length === 0) break;
  }
  for (;;) {
    const { rows } = await sources.list(environmentSeq, page);
    for (const source of rows) await deleteSource(parts, source);
    if (rows.length === 0) break;
  }
  const all = await applications.operational();
  const hidden = all.find((application) => application.environmentSeq === environmentSeq);
  if (hidden !== undefined) await deleteApplication(parts, hidden);
}

function checkRenamable({ name }: Environment): void {
  if (name === defaultEnvironment) throw defaultStays();
  if (name.startsWith(environmentPrefix))
    throw conflict("The name of this environment comes from its JWTs and cannot be changed.");
}

function defaultStays(): Problem {
  return conflict(
    `The environment \`${defaultEnvironment}\` serves requests that name no environment. It cannot be renamed or deleted.`,
  );
}

function nameTaken(): Problem {
  return conflict("An environment with that name already exists");
}
