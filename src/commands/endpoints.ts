import { isDeepStrictEqual } from "node:util";
import type { Seq } from "../core/id.ts";
import { conflict, invalid, notFound, Problem } from "../core/problem.ts";
import { plainEndpoint } from "../core/resources/endpoint.ts";
import { generateSecret, secretBytes } from "../core/signature.ts";
import { MASK, unmaskedUrl } from "../core/url-password.ts";
import { checkTogether } from "../filter/together.ts";
import type { Endpoint, Key } from "../store/index.ts";
import type { CommandContext, Limits } from "./context.ts";
import { meantOutgoing } from "./endpoint-auth.ts";
import { challenging } from "./endpoint-challenge.ts";
import { type FoundOrCreated, findOrCreate } from "./find-or-create.ts";
import { checkFunction, meantFunction } from "./functions.ts";
import { endpointCreated, endpointDeleted, endpointUpdated } from "./publish.ts";
import { endpointQuotaProblem } from "./quota.ts";
import { anyEventTypes, type SubscriptionRule } from "./subscriptions.ts";
import { checkTransformation, meantTransformation } from "./transformation-code.ts";

type ChangeParts = Pick<CommandContext, "store" | "clock" | "facts" | "signals" | "challenges">;
type CreateParts = ChangeParts &
  Pick<CommandContext, "seqs" | "random" | "limits" | "sandbox"> & {
    /** Null for endpoints that no quota limits. */
    readonly quotas: CommandContext["quotas"] | null;
  };

/** The fields of a new endpoint. Absent fields get their defaults. */
export type EndpointSettings = Pick<Endpoint, "url"> &
  Partial<Omit<Endpoint, "seq" | "applicationSeq" | "createdAt" | "updatedAt" | "disabledAt" | "disabledCause">>;

export interface NewEndpoint {
  readonly applicationSeq: Seq;
  readonly settings: EndpointSettings;
  /** A valid signing secret, or null to generate one. */
  readonly secret: string | null;
}

/** A function that returns the fields to change. */
export type EndpointChange = (before: Endpoint) => Partial<Endpoint>;

/**
 * Creates an endpoint. Throws 409 if the uid is taken, 403 if the application already has as many
 * endpoints as the server or its quota allows, 422 if the filters of the application are too large
 * together, and any error that `rule` throws.
 */
export async function createEndpoint(
  parts: CreateParts,
  wanted: NewEndpoint,
  rule: SubscriptionRule = anyEventTypes,
): Promise<Endpoint> {
  const endpoint = await createUnlessTaken(parts, wanted, rule);
  if (endpoint === null) throw uidTaken();
  return endpoint;
}

/**
 * Changes the endpoint with this key, or creates it if it does not exist. Throws 404 if it does not
 * exist and `settings` is null, 409 if the uid is taken, 403 like `createEndpoint`, and any error
 * that `rule` or `change` throws.
 */
export async function putEndpoint(
  parts: CreateParts,
  key: Key,
  {
    applicationSeq,
    settings,
    change,
  }: Pick<NewEndpoint, "applicationSeq"> & {
    readonly settings: EndpointSettings | null;
    readonly change: EndpointChange;
  },
  rule: SubscriptionRule,
): Promise<FoundOrCreated<Endpoint>> {
  const { endpoints } = parts.store.configuration;
  const found = await findOrCreate(
    () => endpoints.find(applicationSeq, key),
    async () => {
      if (settings === null) throw noEndpoint();
      return createUnlessTaken(parts, { applicationSeq, settings, secret: null }, rule);
    },
  );
  if (found === null) throw uidTaken();
  if (found.created) return found;
  return { value: await changeEndpoint(parts, found.value.seq, change, rule), created: false };
}

/**
 * Applies `change` to an endpoint. The code of a function must have been checked (`checkFunction`).
 * Enabling the endpoint clears `failingSince`. If nothing changes, `updatedAt` stays and nothing is
 * announced. Throws 404 if the endpoint does not exist, 409 if the uid is taken, 422 like
 * `createEndpoint`, and any error that `change` throws. If `change` returns new `eventTypes`, also throws
 * any error that `rule` throws.
 */
export async function changeEndpoint(
  parts: ChangeParts,
  seq: Seq,
  change: EndpointChange,
  rule: SubscriptionRule = anyEventTypes,
): Promise<Endpoint> {
  if (rule !== anyEventTypes) await checkSubscription(parts, seq, change, rule);
  const now = parts.clock.now();
  const update = await parts.store.configuration.endpoints.update(
    seq,
    (before) => {
      const changed = { ...before, ...change(before) };
      const url = meantUrl(changed.url, before.url);
      const outgoing = meantOutgoing({ ...changed, url }, before, now);
      const after = { ...changed, url, ...outgoing, function: meantFunction({ ...changed, url }, before) };
      const failingSince = before.disabled && !after.disabled ? null : before.failingSince;
      const challenge = challenging(parts, before, after, now);
      const result = { ...after, ...disabling(before, after, now), ...challenge, failingSince };
      return isDeepStrictEqual(result, before) ? before : { ...result, updatedAt: now };
    },
    checkTogether,
  );
  if (update === "gone") throw noEndpoint();
  if (update === "taken") throw uidTaken();
  if (update === "no version") throw versionDeleted();
  if (!isDeepStrictEqual(update.after, update.before)) endpointUpdated(parts, update.before, update.after);
  return update.after;
}

/** Deletes an endpoint, cancels its pending deliveries, and frees its uid. */
export async function deleteEndpoint(
  parts: ChangeParts,
  endpoint: Pick<Endpoint, "seq" | "applicationSeq">,
): Promise<void> {
  await parts.store.configuration.endpoints.delete(endpoint.seq, parts.clock.now());
  endpointDeleted(parts, endpoint);
}

async function createUnlessTaken(
  parts: CreateParts,
  { applicationSeq, settings, secret }: NewEndpoint,
  rule: SubscriptionRule,
): Promise<Endpoint | null> {
  if (settings.eventTypes != null) await rule(settings.eventTypes, []);
  const { store, seqs, clock, random, limits, quotas } = parts;
  const url = meantUrl(settings.url, null);
  const now = clock.now();
  const plain = plainEndpoint({ seq: seqs.next(), applicationSeq, url, now });
  const given = { ...plain, ...settings, url };
  const transformation = await newTransformation(parts, applicationSeq, given, now);
  const outgoing = meantOutgoing(given, null, now);
  const wanted = { ...given, ...outgoing, transformation, function: meantFunction(given, null) };
  await checkFunction(parts, applicationSeq, wanted.function);
  const endpoint = { ...wanted, ...disabling(plain, wanted, now), ...challenging(parts, null, wanted, now) };
  const signing = secret ?? generateSecret(random.bytes(secretBytes));
  const application = quotas && (await store.configuration.applications.get(applicationSeq));
  const quota = application && quotas.of(application).endpoints;
  const max = Math.min(limits.endpointsPerAppMax, quota ?? Number.POSITIVE_INFINITY);
  const result = await store.configuration.endpoints.create(endpoint, signing, max, checkTogether);
  if (result === "full") {
    throw application && max === quota ? await endpointQuotaProblem(parts, application, max) : tooManyEndpoints(limits);
  }
  if (result === "no version") throw versionDeleted();
  if (!result) return null;
  endpointCreated(parts, endpoint);
  return endpoint;
}

/** The version existed when the request was checked. */
function versionDeleted(): Problem {
  return conflict("The payload version of the endpoint was deleted at the same time. Send the request again.");
}

/** Returns the transformation of a new endpoint. Throws like `checkTransformation`. */
async function newTransformation(
  parts: CreateParts,
  owner: Seq,
  { transformation: sent }: Pick<Endpoint, "transformation">,
  now: number,
): Promise<Endpoint["transformation"]> {
  if (sent === null) return null;
  const loc = ["body", "transformation"];
  await checkTransformation(parts, owner, loc, sent, null);
  return meantTransformation(sent, null, loc, now);
}

type Disabling = Pick<Endpoint, "disabled" | "disabledAt" | "disabledCause">;

/** Returns since when and why an endpoint is disabled after a request changed it. */
function disabling(before: Disabling, { disabled }: Pick<Endpoint, "disabled">, now: number): Disabling {
  if (!disabled) return { disabled, disabledAt: null, disabledCause: null };
  if (before.disabled) return { disabled, disabledAt: before.disabledAt, disabledCause: before.disabledCause };
  return { disabled, disabledAt: now, disabledCause: "manual" };
}

async function checkSubscription(
  { store }: ChangeParts,
  seq: Seq,
  change: EndpointChange,
  rule: SubscriptionRule,
): Promise<void> {
  const before = await store.configuration.endpoints.get(seq);
  if (before === null) return;
  const { eventTypes = before.eventTypes } = change(before);
  if (eventTypes !== null && eventTypes !== before.eventTypes) await rule(eventTypes, before.eventTypes ?? []);
}

/**
 * Replaces a masked password in the URL of a request with the stored password. Throws 422 if the
 * stored password must not be used or does not exist.
 */
function meantUrl(url: string, before: string | null): string {
  if (url === before) return url;
  const meant = unmaskedUrl(url, before);
  if (meant !== null) return meant;
  const msg = `The password ${MASK} stands for the stored password of the same user at the same host. Send the password itself.`;
  throw invalid(["body", "url"], msg);
}

export function noEndpoint(): Problem {
  return notFound("Endpoint not found");
}

function tooManyEndpoints({ endpointsPerAppMax }: Limits): Problem {
  const detail = `The application already has ${endpointsPerAppMax} endpoints, the maximum (setting max-endpoints-per-app). Delete endpoints that are no longer used.`;
  return new Problem(403, "too_many_endpoints", detail);
}

function uidTaken(): Problem {
  return conflict("An endpoint with that id or uid already exists");
}
