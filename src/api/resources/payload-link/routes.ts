import { knownLink, readPayloadLink, usePayloadLink } from "../../../commands/payload-link.ts";
import type { Seq } from "../../../core/id.ts";
import { PAYLOAD_LINK_PATH } from "../../../core/payload-link.ts";
import type { Context } from "../../http/context.ts";
import { payloadBytes, payloadResponse } from "../../http/foreign-content.ts";
import { type Operation, operation } from "../../http/operation.ts";

export function payloadLinkRoutes(context: Context): Operation[] {
  const turns = new Turns();

  const read = (method: "GET" | "HEAD") =>
    operation({
      id: method === "GET" ? "payload-link.read" : "payload-link.read-head",
      method,
      path: `${PAYLOAD_LINK_PATH}:link`,
      tag: "Payload link",
      summary: "Get the payload of a thin event",
      description:
        "The URL is in the thin event and needs no token. It returns the payload to one GET within 24 hours, as a delivery with the payload would contain it at that time. HEAD does not use it up. The response is 410 `gone` if the URL has been used or has expired, or if the payload or the endpoint was deleted.",
      access: "public",
      ...(method === "HEAD" && { hidden: true }),
      responses: {
        200: payloadBytes,
      },
      problems: [404, 409, 410, 503],
      async handle({ params }) {
        const link = knownLink(context, params.link);
        return turns.run(link.linkSeq, async () => {
          const linked = await readPayloadLink(context, link, context.settings.maxBodyBytes);
          if (method === "HEAD") return payloadResponse(linked, null);
          // Whoever has the link has it from the application.
          const lease = context.responses.lease({ kind: "application", key: String(linked.applicationSeq) });
          const response = payloadResponse(linked, lease);
          try {
            await usePayloadLink(context, link);
          } catch (error) {
            lease.end();
            throw error;
          }
          return response;
        });
      },
    });

  return [read("GET"), read("HEAD")];
}

/** Serves concurrent requests for one link one after another, so that only one has the payload in memory. */
class Turns {
  readonly #last = new Map<Seq, Promise<unknown>>();

  async run<T>(linkSeq: Seq, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(linkSeq) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(linkSeq, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(linkSeq) === mine) this.#last.delete(linkSeq);
    }
  }
}
