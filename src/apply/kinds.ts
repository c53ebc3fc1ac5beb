/** The kinds of things that a configuration file contains. */
import { applicationFields } from "../core/resources/application.ts";
import { endpointFields } from "../core/resources/endpoint.ts";
import { eventTypeFields } from "../core/resources/event-type.ts";
import type { Fields } from "../core/resources/field.ts";
import { payloadVersionFields } from "../core/resources/payload-version.ts";
import { sourceFields } from "../core/resources/source.ts";

/** The kinds of the lists of a file, in the order in which the file has them. */
export const topKinds = ["eventType", "payloadVersion", "application", "source"] as const;
export type TopKind = (typeof topKinds)[number];
/** Endpoints are in the lists of applications and sources. */
export type Kind = TopKind | "endpoint";

interface Traits {
  /** The name of the list in a file. */
  readonly list: string;
  /** The kind in printed lines. */
  readonly word: string;
  /** The field by which a thing is found. */
  readonly identity: "name" | "version" | "uid";
  /** The fields in the API. */
  readonly fields: Fields;
  /** The path of the list in the API. That of endpoints depends on their parent. */
  readonly path: string;
}

export const KINDS: Readonly<Record<Kind, Traits>> = {
  eventType: {
    ...{ list: "eventTypes", word: "event-type", identity: "name" },
    ...{ fields: eventTypeFields, path: "/api/v1/event-type" },
  },
  payloadVersion: {
    ...{ list: "payloadVersions", word: "payload-version", identity: "version" },
    ...{ fields: payloadVersionFields, path: "/api/v1/payload-version" },
  },
  application: {
    ...{ list: "applications", word: "application", identity: "uid" },
    ...{ fields: applicationFields, path: "/api/v1/app" },
  },
  source: {
    ...{ list: "sources", word: "source", identity: "uid" },
    ...{ fields: sourceFields, path: "/ingest/api/v1/source" },
  },
  endpoint: { list: "endpoints", word: "endpoint", identity: "uid", fields: endpointFields, path: "endpoint" },
};

/** Returns whether things of a kind have a list of endpoints. */
export function hasEndpoints(kind: Kind): kind is "application" | "source" {
  return kind === "application" || kind === "source";
}

/** Returns the name of a thing in printed lines, such as `acme/main` for an endpoint. */
export function nameOf({
  id,
  parent,
}: {
  readonly id: string;
  readonly parent: { readonly id: string } | null;
}): string {
  return parent === null ? id : `${parent.id}/${id}`;
}

/** Returns the path of a thing in the API. `key` is its id, uid, name or version. */
export function pathTo(listPath: string, key: string): string {
  return `${listPath}/${encodeURIComponent(key)}`;
}

/** Returns the path of the endpoints of a thing. */
export function endpointsPath(parentPath: string): string {
  return `${parentPath}/${KINDS.endpoint.path}`;
}

/** Returns the uid that files have for a thing without a uid. */
export function uidOfId(id: string): string {
  return `_${id}`;
}

/** Returns the id that a uid stands for, or null. */
export function idOfUid(uid: string): string | null {
  return /^_(?:app|ep|src)_[0-9A-Za-z]+$/.test(uid) ? uid.slice(1) : null;
}
