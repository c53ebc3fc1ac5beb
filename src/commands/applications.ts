import type { Seq } from "../core/id.ts";
import { conflict, notFound, type Problem } from "../core/problem.ts";
import type { Application } from "../store/index.ts";
import type { CommandContext } from "./context.ts";
import { applicationChanged, endpointDeleted } from "./publish.ts";

type Parts = Pick<CommandContext, "store" | "clock" | "facts" | "signals">;

/**
 * Lays what `change` returns over the application as it is in the store. Throws 404 when it no longer exists, 409 when the
 * uid is taken, and what `change` throws.
 */
export async function changeApplication(
  parts: Parts,
  seq: Seq,
  change: (before: Application) => Partial<Application>,
): Promise<Application> {
  const updatedAt = parts.clock.now();
  const { applications } = parts.store.configuration;
  const update = await applications.update(seq, (before) => ({ ...change(before), updatedAt }));
  if (update === "gone") throw notFound("Application not found");
  if (update === "taken") throw applicationUidTaken();
  applicationChanged(parts, update.after, update.before);
  return update.after;
}

/** Deletes an application with its endpoints and cancels their pending deliveries; its uid becomes free. */
export async function deleteApplication(parts: Parts, application: Application): Promise<void> {
  const { seq: applicationSeq } = application;
  const endpoints = await parts.store.configuration.applications.delete(applicationSeq, parts.clock.now());
  applicationChanged(parts, application);
  for (const seq of endpoints) endpointDeleted(parts, { seq, applicationSeq });
}

export function applicationUidTaken(): Problem {
  return conflict("An application with that id or uid already exists");
}
