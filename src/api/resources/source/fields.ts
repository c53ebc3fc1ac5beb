/** The fields of a source in the API, derived from its table. */
import { Type } from "@sinclair/typebox";
import type { BrokerState } from "../../../core/broker.ts";
import type { IdCodec } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { outcomes, type SourceCounts } from "../../../core/received.ts";
import { type Source, sourceFields } from "../../../core/resources/source.ts";
import * as field from "../../http/fields.ts";
import {
  createProperties,
  exampleOf,
  outputOf,
  outputProperties,
  patchProperties,
  updateProperties,
} from "../../http/resource.ts";
import { nullable, wordOut } from "../../http/schema.ts";
import { svixSdkOf } from "../../http/svix-sdk.ts";
import { svixSourceTypes } from "./svix-types.ts";

const created = createProperties(sourceFields);

export const IngestSourceIn = field.object("IngestSourceIn", created);
/** A PUT must name the type, because it may create the source. */
export const IngestSourceUpdate = field.object("IngestSourceUpdate", {
  ...updateProperties(sourceFields),
  type: created.type,
});
export const IngestSourcePatch = field.object("IngestSourcePatch", {
  ...patchProperties(sourceFields),
  type: Type.Optional(created.type),
});

const SourceCountsOut = field.object(
  "SourceCountsOut",
  Object.fromEntries(outcomes.map((outcome) => [outcome, Type.Integer()])),
);

const ingestUrl = nullable(
  Type.String({
    format: "uri",
    description: "The URL to register with the provider; null for a source that has no URL, and for read-only tokens.",
  }),
);

const counts = Type.Unsafe<SourceCounts>({
  ...SourceCountsOut,
  description: "Number of requests, by what happened to them. A crash may lose those of the last seconds.",
});

export const IngestSourceOut = field.object("IngestSourceOut", { ...outputProperties(sourceFields), ingestUrl });

/** A source in a list, which contains the counts only on request. */
export const IngestSourceListedOut = field.object("IngestSourceListedOut", {
  ...outputProperties(sourceFields),
  ingestUrl,
  counts: Type.Optional(counts),
});

const connection = field.object("SourceConnectionOut", {
  state: wordOut(["connecting", "connected", "failed"], {
    description: "`failed`: the connection was lost or could not be made. It is tried again at least every 30 seconds.",
  }),
  error: nullable(
    Type.String({
      description:
        "Why the connection failed. With the state `connected`: why messages wait in the queue, such as a full disk of the server.",
    }),
  ),
  since: field.instantOut,
});

/** A single source. */
export const IngestSourceDetailOut = field.object("IngestSourceDetailOut", {
  ...outputProperties(sourceFields),
  ingestUrl,
  counts,
  connection: nullable({
    ...connection,
    description: "The connection to the queue; null if the source is disabled or takes from no queue.",
  }),
});

export const sourceExample = {
  ...exampleOf(sourceFields),
  ingestUrl: "https://example.com/in/2Hq1yU6rTqmZzC0yXb4aVw8n",
};
export const sourceDetailExample = {
  ...sourceExample,
  counts: { stored: 1024, duplicate: 3, refused: 1, limited: 0, handshake: 0 },
  connection: null,
};

/**
 * Converts a source whose `config` is already masked. The SDKs of the Svix API fail on a type that
 * they do not know, so they get `generic-webhook` instead, which has no `config`; `provider` is the
 * real one.
 */
export function sourceOut(source: Source, ids: IdCodec, ingestUrl: string | null, request: Request) {
  const output = { ...outputOf(sourceFields, source, ids), ingestUrl };
  if (svixSdkOf(request) === null) return output;
  const type = svixSourceTypes.has(source.type) ? source.type : GENERIC;
  if (type !== GENERIC) return output;
  const { config: _, ...rest } = output;
  return { ...rest, type };
}

/** Converts the connection of a source, which is null if it has none. */
export function connectionOut(connection: BrokerState | null) {
  return connection === null ? null : { ...connection, since: formatInstant(connection.since) };
}

const GENERIC = "generic-webhook";
