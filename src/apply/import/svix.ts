/** Reads the configuration of a server with the Svix API. */
import { notFoundAsNull, pooled } from "../api.ts";
import { exportedFrom } from "../export.ts";
import type { Json } from "../json.ts";
import { endpointsPath, KINDS, type Kind } from "../kinds.ts";
import { hasMark } from "../marks.ts";
import { type Present, presentOf, readAll, readList } from "../present.ts";
import type { Imported, Origin } from "./imported.ts";

/** Reads event types, applications, and endpoints with their headers, secrets and transformations. */
export async function svixConfiguration(origin: Origin): Promise<Imported> {
  const api = { ...origin, get: (path: string) => origin.get(path), post: never, patch: never, delete: never };
  const eventTypes = await readAll(api, "eventType");
  const applications = (await readAll(api, "application")).map((fields) => originPresent("application", fields));
  const lists = await pooled(applications, async (application) => {
    const endpoints = await readList(api, endpointsPath(application.path), "");
    return endpoints.map((fields) => originPresent("endpoint", fields, application));
  });
  const secrets = new Map<Present, string>();
  const endpoints = await pooled(lists.flat(), async (endpoint) => {
    const [headers, secret, transformation] = await Promise.all(
      ["headers", "secret", "transformation"].map((part) => notFoundAsNull(origin.get(`${endpoint.path}/${part}`))),
    );
    const { headers: own = {}, sensitive = [] } = headers ?? {};
    const { code = null, enabled = false, variables = null } = transformation ?? {};
    const fields = { ...endpoint.fields, headers: own, sensitiveHeaders: sensitive };
    const whole = { ...endpoint, fields: { ...fields, transformation: { code, enabled, variables } } };
    if (typeof secret?.key === "string") secrets.set(whole, secret.key);
    return whole;
  });
  const present = [...eventTypes.map((fields) => originPresent("eventType", fields)), ...applications, ...endpoints];
  const { file, hidden } = exportedFrom(present, secrets);
  const missing = hidden.map((line) => `${line}: The other server does not show this secret.`);
  return {
    file: {
      eventTypes: file.eventTypes as readonly Json[],
      applications: (file.applications as readonly Json[]).map((one) => {
        const own = (one.endpoints as readonly Json[]).map((endpoint) =>
          withSubscriptions(withoutMarks(endpoint), eventTypes, `${one.uid}/${endpoint.uid}`, missing),
        );
        return { ...one, endpoints: own };
      }),
    },
    missing,
  };
}

const never = () => Promise.reject(new Error("Nothing is changed at the other server."));

function originPresent(kind: Kind, fields: Json, parent: Present | null = null): Present {
  return presentOf(kind, { ...fields, ...renamed(kind, fields) }, parent);
}

/** Returns the fields of which a response has only the alias, under their own names. */
function renamed(kind: Kind, fields: Json): Json {
  const found = Object.entries(KINDS[kind].fields).flatMap(([name, { aliasOf }]) => {
    const isOnly = aliasOf !== undefined && fields[name] != null && fields[aliasOf] === undefined;
    return isOnly ? [[aliasOf, fields[name]] as const] : [];
  });
  return Object.fromEntries(found);
}

/** Returns an entry without the secrets that are not shown. */
function withoutMarks(entry: Json): Json {
  const shown = Object.entries(entry).flatMap(([name, value]): [string, unknown][] => {
    if (!hasMark(value)) return [[name, value]];
    if (name !== "headers" && name !== "transformation") return [];
    const rest = Object.entries(value as Json).filter(([, inner]) => !hasMark(inner));
    return [[name, Object.fromEntries(rest)]];
  });
  return Object.fromEntries(shown);
}

/**
 * Returns an endpoint without the event types that are archived or missing, which it cannot subscribe
 * to. It is disabled if none is left, because it would get all messages.
 */
function withSubscriptions(endpoint: Json, eventTypes: readonly Json[], name: string, missing: string[]): Json {
  const wanted = endpoint.eventTypes as readonly string[] | undefined;
  if (wanted === undefined) return endpoint;
  const active = new Set(eventTypes.filter(({ archived }) => archived !== true).map((one) => one.name));
  const kept = wanted.filter((one) => active.has(one));
  for (const one of wanted) {
    if (!active.has(one))
      missing.push(`endpoint ${name} (eventTypes): The event type ${one} is archived or does not exist.`);
  }
  if (kept.length > 0) return { ...endpoint, eventTypes: kept };
  const { eventTypes: _, ...rest } = endpoint;
  return { ...rest, disabled: true };
}
