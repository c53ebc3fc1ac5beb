import { isDeepStrictEqual } from "node:util";
import type { Seq } from "../core/id.ts";
import { conflict, type Finding, Invalid, invalid, notFound, type Problem } from "../core/problem.ts";
import { plainApplication } from "../core/resources/application.ts";
import { plainSource, type SourceConfig } from "../core/resources/source.ts";
import { doorTokenBytes, doorTokenText, tokenHash } from "../core/token.ts";
import { patchedConfig, replacedConfig } from "../receive/config.ts";
import type { DoorToken, Key, Source } from "../store/index.ts";
import { applicationDeleted } from "./applications.ts";
import type { CommandContext } from "./context.ts";
import { type FoundOrCreated, findOrCreate } from "./find-or-create.ts";
import { sourceChanged } from "./publish.ts";
import { checkSettings, defaultDeduplication, type SourceInput } from "./source-settings.ts";
import { checkConfig, hasUrl, knownFields, providerOf } from "./source-type.ts";

type CreateParts = Pick<CommandContext, "store" | "seqs" | "clock" | "random" | "signals" | "limits">;
type UpdateParts = Pick<CommandContext, "store" | "clock" | "signals">;
type ChangeParts = UpdateParts & Pick<CommandContext, "limits">;

/** The fields of a request that creates or replaces a source. */
export interface NewSource extends SourceInput {
  readonly name: string;
  readonly type: string;
}

/** The fields of a request that changes a source. The type may be sent, but not changed. */
export interface SourcePatch extends SourceInput {
  readonly type?: string;
}

/**
 * Creates a source with the application behind it and its first token. Throws 422 if the type is
 * unknown or a field is invalid, and 409 if the uid is taken.
 */
export async function createSource(parts: CreateParts, environmentSeq: Seq, wanted: NewSource): Promise<Source> {
  const source = await createUnlessTaken(parts, environmentSeq, wanted);
  if (source === null) throw uidTaken();
  return source;
}

/**
 * Replaces the settings of the source with this key, or creates it if it does not exist. Absent
 * fields get their defaults. In `config`, the value `[set]` keeps a stored secret. Throws 404 if the
 * source does not exist and `canCreate` is false, 422 like `createSource` or if the type would
 * change, and 409 if the uid is taken.
 */
export async function putSource(
  parts: CreateParts,
  environmentSeq: Seq,
  key: Key,
  { wanted, canCreate }: { readonly wanted: NewSource; readonly canCreate: boolean },
): Promise<FoundOrCreated<Source>> {
  const { sources } = parts.store.configuration;
  const found = await findOrCreate(
    () => sources.find(environmentSeq, key),
    async () => {
      if (!canCreate) throw noSource();
      return createUnlessTaken(parts, environmentSeq, wanted);
    },
  );
  if (found === null) throw uidTaken();
  if (found.created) return found;
  const value = await updateSource(parts, found.value.seq, (before) => {
    checkType(before, wanted.type);
    const defaults = settingsOf(newSource(before, wanted.name));
    return checkedChange(parts, { ...before, ...defaults }, wanted, {
      stored: before.config,
      merged: replacedConfig(before.config, wanted.config ?? {}),
    });
  });
  return { value, created: false };
}

/**
 * Changes the fields of a source that are present. `config` is merged by field: null removes a
 * field, and `[set]` keeps it. Throws 404 if the source does not exist, 422 if a field is invalid or
 * the type would change, and 409 if the uid is taken.
 */
export function changeSource(parts: ChangeParts, seq: Seq, patch: SourcePatch): Promise<Source> {
  return updateSource(parts, seq, (before) => {
    if (patch.type !== undefined) checkType(before, patch.type);
    const merged = patchedConfig(before.config, patch.config ?? {});
    return checkedChange(parts, before, patch, { stored: before.config, merged });
  });
}

/**
 * Deletes a source with its tokens and its endpoints, cancels their pending deliveries, and frees
 * the source's uid. From then on its URL is unknown.
 */
export async function deleteSource(
  parts: UpdateParts & Pick<CommandContext, "facts">,
  source: Pick<Source, "seq" | "environmentSeq" | "applicationSeq">,
): Promise<void> {
  const { environmentSeq, applicationSeq } = source;
  const endpoints = await parts.store.configuration.sources.delete(source.seq, parts.clock.now());
  sourceChanged(parts, source);
  await applicationDeleted(parts, { seq: applicationSeq, environmentSeq, throttleRate: null }, endpoints);
}

/** Generates a token of the door. */
export function newDoorToken({ random }: Pick<CommandContext, "random">): DoorToken {
  const text = doorTokenText(random.bytes(doorTokenBytes));
  return { text, sha256: tokenHash(text) };
}

/**
 * Applies `change` to a source in one commit, announces it, and returns the source afterwards. If
 * nothing changes, `updatedAt` stays.
 */
export async function updateSource(
  parts: UpdateParts,
  seq: Seq,
  change: (before: Source) => Partial<Source>,
): Promise<Source> {
  const updatedAt = parts.clock.now();
  const update = await parts.store.configuration.sources.update(seq, (before) => {
    const after = { ...before, ...change(before) };
    return isDeepStrictEqual(after, before) ? before : { ...after, updatedAt };
  });
  if (update === "gone") throw noSource();
  if (update === "taken") throw uidTaken();
  sourceChanged(parts, update.after);
  return update.after;
}

async function createUnlessTaken(parts: CreateParts, environmentSeq: Seq, wanted: NewSource): Promise<Source | null> {
  const { seqs, clock, store } = parts;
  const [seq, applicationSeq, now] = [seqs.next(), seqs.next(), clock.now()];
  const provider = providerOf(wanted.type).id;
  const type = { type: wanted.type, provider };
  const blank = newSource({ seq, environmentSeq, applicationSeq, ...type, createdAt: now }, wanted.name);
  const source = {
    ...blank,
    ...checkedChange(parts, blank, wanted, { stored: {}, merged: replacedConfig({}, wanted.config ?? {}) }),
  };
  const plain = plainApplication({ seq: applicationSeq, environmentSeq, name: source.name, now });
  const application = { ...plain, sourceSeq: seq };
  const token = hasUrl(provider) ? newDoorToken(parts) : null;
  if (!(await store.configuration.sources.create(source, application, token))) return null;
  sourceChanged(parts, source);
  return source;
}

type Fixed = Pick<Source, "seq" | "environmentSeq" | "applicationSeq" | "type" | "provider" | "createdAt">;

/** Returns a source with the defaults of its provider. */
function newSource({ createdAt, ...fixed }: Fixed, name: string): Source {
  const { seq, environmentSeq, applicationSeq, type, provider } = fixed;
  const plain = plainSource({ seq, environmentSeq, applicationSeq, type, provider, name, now: createdAt });
  return { ...plain, deduplicate: defaultDeduplication(provider) };
}

/** Returns the fields of a source that a PUT replaces. */
function settingsOf(source: Source): Partial<Source> {
  const { uid, config, verification, answer, eventType, deduplicate, ingestRate, disabled, metadata } = source;
  return { uid, config, verification, answer, eventType, deduplicate, ingestRate, disabled, metadata };
}

/**
 * Returns `before` with the fields that are present in a request. Throws 422 with all errors in
 * them. The whole configuration is checked, because `verification` decides what it must contain.
 */
function checkedChange(
  { limits, clock }: Pick<CommandContext, "limits" | "clock">,
  before: Source,
  input: SourceInput,
  { stored, merged }: { readonly stored: SourceConfig; readonly merged: SourceConfig },
): Partial<Source> {
  const { uid, name, verification, ingestRate, disabled } = input;
  const metadata = input.metadata === null ? {} : input.metadata;
  const plain = Object.entries({ uid, name, verification, ingestRate, disabled, metadata });
  const { fields, findings } = checkSettings(input);
  const config = knownFields(before.provider, merged);
  const after: Source = {
    ...before,
    ...Object.fromEntries(plain.filter(([, value]) => value !== undefined)),
    ...fields,
    config,
  };
  const check = { hasAwsCredentials: limits.hasAwsCredentials, stored, nowMs: clock.now() };
  const all: readonly Finding[] = [...checkConfig(after, check), ...findings];
  if (all.length > 0) throw new Invalid(...all);
  return after.config.secret === before.config.secret ? after : { ...after, captured: null };
}

/** An alias of the same provider is not a change. The source keeps the name it was created with. */
function checkType(before: Source, type: string): void {
  if (type === before.type || providerOf(type).id === before.provider) return;
  throw invalid(["body", "type"], `The type of a source cannot be changed. It is \`${before.type}\`.`);
}

export function noSource(): Problem {
  return notFound("Source not found");
}

function uidTaken(): Problem {
  return conflict("A source with that id or uid already exists");
}
