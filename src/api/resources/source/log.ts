import { Type } from "@sinclair/typebox";
import type { IdCodec, Seq } from "../../../core/id.ts";
import { formatInstant } from "../../../core/instant.ts";
import { notFound } from "../../../core/problem.ts";
import { logCauses } from "../../../core/received.ts";
import { utf8OrNull } from "../../../core/text.ts";
import type { PageRequest, SourceLogEntry } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { listed, orderQuery, pageQuery, pageRequest } from "../../http/paging.ts";
import { reply } from "../../http/reply.ts";
import { wordOut } from "../../http/schema.ts";

/** Named in snake case, as in the Svix API. */
export const IngestLogOut = field.object("IngestLogOut", {
  id: field.idOut("log_"),
  source_id: field.idOut("src_"),
  status_code: Type.Integer({ description: "Status of the response to the sender." }),
  cause: wordOut(logCauses, { description: "Why the request was refused, or why its check failed." }),
  error_text: Type.String({ description: "The cause as a sentence." }),
  method: Type.String(),
  path: Type.String({ description: "What followed the token in the URL, with the query; `/` if nothing." }),
  address: Type.String({ description: "IP address of the sender." }),
  headers: Type.Record(Type.String(), Type.String(), { description: "Secrets read `[redacted]`." }),
  payload: Type.String({ description: "The first 16 KiB of the body; empty if they are not valid UTF-8." }),
  payloadBase64: Type.Optional(
    Type.String({ description: "The first 16 KiB of the body in base64, if they are not valid UTF-8." }),
  ),
  created_at: field.instantOut,
  updated_at: field.instantOut,
});

const example = {
  id: "log_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  source_id: "src_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  status_code: 401,
  cause: "signature_mismatch" as const,
  error_text: "The signature does not match the body.",
  method: "POST",
  path: "/",
  address: "192.0.2.1",
  headers: { "content-type": "application/json" },
  payload: '{"type":"charge.succeeded"}',
  created_at: "2026-01-01T00:00:00.000Z",
  updated_at: "2026-01-01T00:00:00.000Z",
};

export function sourceLogRoutes({ store, ids, lookup }: Context): Operation[] {
  const tag = "Source";
  const path = "/ingest/api/v1/source/:source_id/log";
  return [
    operation({
      id: "v1.ingest.log.list",
      method: "GET",
      path,
      tag,
      summary: "List refused requests of a source",
      description:
        "The requests that were refused, and those that were stored although their check failed. At most 1,000 entries are kept per source, and a flood of requests is recorded in part.",
      access: "application",
      query: Type.Object({ ...pageQuery, ...orderQuery("descending") }),
      responses: {
        200: {
          description: "A page of entries.",
          schema: field.listOf("IngestLogOut", IngestLogOut),
          example: { data: [example], iterator: example.id, prevIterator: `-${example.id}`, done: true },
        },
      },
      problems: [404],
      async handle({ identity, params, query }) {
        const source = await lookup.source(identity, params.source_id);
        const page = pageRequest(query, ids, "log_", query.order ?? "descending");
        const rows = await store.history.sourceLog.list(source.seq, page);
        return reply(
          200,
          listed(
            rows,
            ({ seq }) => ids.encode("log_", seq),
            (entry) => logOut(entry, ids),
          ),
        );
      },
    }),

    operation({
      id: "ingest.log.get",
      method: "GET",
      path: `${path}/:log_id`,
      tag,
      summary: "Get a refused request of a source",
      access: "application",
      responses: { 200: { description: "The entry of the log.", schema: IngestLogOut, example } },
      problems: [404],
      async handle({ identity, params }) {
        const source = await lookup.source(identity, params.source_id);
        const seq = ids.decode("log_", params.log_id);
        const entry = seq === null ? null : await entryOf(source.seq, seq);
        if (entry === null) throw notFound("Entry not found");
        return reply(200, logOut(entry, ids));
      },
    }),
  ];

  async function entryOf(sourceSeq: Seq, seq: Seq): Promise<SourceLogEntry | null> {
    const page: PageRequest = { limit: 1, from: seq + 1, backwards: false, order: "descending" };
    const [entry] = (await store.history.sourceLog.list(sourceSeq, page)).rows;
    return entry?.seq === seq ? entry : null;
  }
}

function logOut(entry: SourceLogEntry, ids: IdCodec) {
  const { status, cause, errorText, method, path, address, headers } = entry;
  const createdAt = formatInstant(entry.createdAt);
  return {
    id: ids.encode("log_", entry.seq),
    source_id: ids.encode("src_", entry.sourceSeq),
    ...{ status_code: status, cause, error_text: errorText, method, path, address, headers },
    ...payloadOf(entry.payload),
    ...{ created_at: createdAt, updated_at: createdAt },
  };
}

function payloadOf(bytes: Uint8Array): { readonly payload: string; readonly payloadBase64?: string } {
  const payload = utf8OrNull(withoutCutCharacter(bytes));
  return payload === null ? { payload: "", payloadBase64: Buffer.from(bytes).toString("base64") } : { payload };
}

/** Removes the beginning of a character at the end, which is there because the body was cut. */
function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
