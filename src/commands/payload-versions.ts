import type { Seq } from "../core/id.ts";
import { newestVersion } from "../core/payload-version.ts";
import { conflict, Invalid, invalid, notFound, Problem } from "../core/problem.ts";
import { problemPlace, SandboxBusy, type SandboxCall } from "../sandbox/sandbox.ts";
import type { PayloadVersion } from "../store/index.ts";
import { DOWNGRADE_ENTRY } from "../targets/downgrade.ts";
import type { CommandContext } from "./context.ts";

type Parts = Pick<CommandContext, "store" | "seqs" | "clock" | "signals" | "sandbox">;

/** Maximum number of versions of one environment, deleted ones that stored messages need included. */
export const PAYLOAD_VERSIONS_MAX = 200;

/** The fields of a version that clients set. */
export type PayloadVersionSettings = Omit<
  PayloadVersion,
  "seq" | "environmentSeq" | "version" | "deletedSeq" | "createdAt" | "updatedAt"
>;

/** The key of a version. */
export interface PayloadVersionKey {
  readonly environmentSeq: Seq;
  readonly version: string;
}

/**
 * Creates a version. Messages that are accepted from now on have its form. Throws 409 if it exists or
 * the environment has too many, and 422 if the downgrade cannot be run.
 */
export async function createPayloadVersion(
  parts: Parts,
  key: PayloadVersionKey,
  settings: PayloadVersionSettings,
): Promise<PayloadVersion> {
  checkDates(settings);
  await checkDowngrade(parts, key.environmentSeq, settings.downgrade);
  const now = parts.clock.now();
  const version = { ...settings, ...key, deletedSeq: null, createdAt: now, updatedAt: now };
  const { payloadVersions } = parts.store.configuration;
  const result = await payloadVersions.create(version, () => parts.seqs.next(), PAYLOAD_VERSIONS_MAX);
  if (result === "taken") throw conflict("A payload version with that name already exists");
  if (result === "full") throw tooMany();
  changed(parts, key);
  return result;
}

/** Changes a version. Throws 404 if it does not exist, and 422 if the downgrade cannot be run. */
export async function changePayloadVersion(
  parts: Parts,
  key: PayloadVersionKey,
  change: (before: PayloadVersion) => Partial<PayloadVersionSettings>,
): Promise<PayloadVersion> {
  const before = await payloadVersion(parts, key);
  const wanted = { ...before, ...change(before) };
  if (wanted.downgrade !== before.downgrade) await checkDowngrade(parts, key.environmentSeq, wanted.downgrade);
  const updatedAt = parts.clock.now();
  const { payloadVersions } = parts.store.configuration;
  const after = await payloadVersions.update(key.environmentSeq, key.version, (current) => {
    const changes = change(current);
    checkDates({ ...current, ...changes });
    return { ...changes, updatedAt };
  });
  if (after === null) throw noPayloadVersion();
  changed(parts, key);
  return after;
}

/**
 * Deletes a version. Its downgrade still runs for the messages that were accepted while it existed.
 * Throws 404 if it does not exist, and 409 if endpoints are pinned to it.
 */
export async function deletePayloadVersion(parts: Parts, key: PayloadVersionKey): Promise<void> {
  const { payloadVersions } = parts.store.configuration;
  const result = await payloadVersions.delete(key.environmentSeq, key.version, () => parts.seqs.next());
  if (result === "gone") throw noPayloadVersion();
  if (result === "in use") throw conflict("Endpoints are pinned to the payload version. Upgrade them first.", "in_use");
  changed(parts, key);
}

/** A version to create or replace. */
interface PayloadVersionImport {
  readonly version: string;
  readonly settings: PayloadVersionSettings;
  /** Its place in the body of the request. */
  readonly loc: readonly string[];
}

/** Creates or replaces versions, the oldest first. Throws like `createPayloadVersion` at the first failure. */
export async function importPayloadVersions(
  parts: Parts,
  environmentSeq: Seq,
  imports: readonly PayloadVersionImport[],
): Promise<void> {
  const existing = new Set((await payloadVersions(parts, environmentSeq)).map(({ version }) => version));
  const oldestFirst = imports.toSorted((a, b) => (a.version < b.version ? -1 : 1));
  for (const { version, settings, loc } of oldestFirst) {
    const key = { environmentSeq, version };
    const done = existing.has(version)
      ? changePayloadVersion(parts, key, () => settings)
      : createPayloadVersion(parts, key, settings);
    await done.catch((error: unknown) => {
      throw error instanceof Invalid ? within(loc, error) : error;
    });
  }
}

/** Returns an error about a body as one about a part of another body. */
function within(part: readonly string[], { findings }: Invalid): Invalid {
  return new Invalid(...findings.map(({ loc, ...finding }) => ({ ...finding, loc: [...part, ...loc.slice(1)] })));
}

/** Returns a version. Throws 404 if it does not exist. */
export async function payloadVersion(parts: Pick<Parts, "store">, key: PayloadVersionKey): Promise<PayloadVersion> {
  const versions = await payloadVersions(parts, key.environmentSeq);
  const found = versions.find(({ version }) => version === key.version);
  if (found === undefined) throw noPayloadVersion();
  return found;
}

/** Lists the versions of an environment, newest first. */
export async function payloadVersions({ store }: Pick<Parts, "store">, environmentSeq: Seq): Promise<PayloadVersion[]> {
  const all = await store.configuration.payloadVersions.all(environmentSeq);
  return all.filter(({ deletedSeq }) => deletedSeq === null);
}

/**
 * Returns the version to which a request pins an endpoint. Null in the request means the newest one.
 * Throws 422 if the version does not exist.
 */
export async function pinnedVersion(
  parts: Pick<Parts, "store">,
  environmentSeq: Seq,
  wanted: string | null,
): Promise<string | null> {
  const versions = await payloadVersions(parts, environmentSeq);
  if (wanted === null) return newestVersion(versions)?.version ?? null;
  if (versions.some(({ version }) => version === wanted)) return wanted;
  throw invalid(["body", "apiVersion"], "The payload version does not exist.");
}

/** RFC 9745 forbids a sunset before the deprecation. */
function checkDates({ deprecatedAt, sunsetAt }: Pick<PayloadVersion, "deprecatedAt" | "sunsetAt">): void {
  if (deprecatedAt === null || sunsetAt === null || sunsetAt >= deprecatedAt) return;
  throw invalid(["body", "sunsetAt"], "Must not be earlier than `deprecatedAt`.");
}

/** Checks that the code can be parsed, runs at its top level, and defines `downgrade`. */
export async function checkDowngrade(
  { sandbox, clock }: { readonly sandbox: Parts["sandbox"]; readonly clock: Pick<Parts["clock"], "now"> },
  environmentSeq: Seq,
  code: string | null,
): Promise<void> {
  if (code === null) return;
  const call: SandboxCall = {
    ...{ code, entry: DOWNGRADE_ENTRY, argument: null },
    ...{ variables: {}, now: clock.now(), seed: 0 },
  };
  const result = await sandbox
    .run(environmentSeq, () => call)
    .catch((error: unknown) => {
      if (!(error instanceof SandboxBusy)) throw error;
      throw new Problem(429, "too_many_requests", "Too many programs are waiting. Try again later.", 1);
    });
  if (result.kind === "failed") throw invalid(["body", "downgrade"], problemPlace(result));
}

function changed({ signals }: Parts, { environmentSeq }: PayloadVersionKey): void {
  signals.send({ type: "payload-versions.changed", environmentSeq });
}

function noPayloadVersion(): Problem {
  return notFound("Payload version not found");
}

function tooMany(): Problem {
  const detail = `The environment already has ${PAYLOAD_VERSIONS_MAX} payload versions, deleted ones included. Deleted ones count until the messages that were accepted while they existed have been removed.`;
  return conflict(detail, "too_many_payload_versions");
}
