import { notFound } from "../../../core/problem.ts";
import { HttpErrorOut } from "../../http/documented-problems.ts";
import { type Operation, operation } from "../../http/operation.ts";

/** Documents the door. `Door` itself responds to its requests, because they may have any method. */
export function doorRoutes(): Operation[] {
  return [
    operation({
      id: "door.receive",
      method: "POST",
      path: "/in/:token",
      tag: "Door",
      summary: "Receive a webhook",
      description:
        "Receives a webhook at the URL of a source. A path may follow the token, and other methods are allowed if the provider uses them. The response is sent when the message is stored; it does not wait for deliveries. Handshakes of providers are answered and not stored.",
      access: "public",
      dispatched: false,
      responses: {
        200: {
          description:
            "The message is stored, or it is a duplicate of a stored one. The source's `answer` defines status, headers and body; the default is the provider's.",
        },
        401: {
          description:
            "The request does not pass the check of the source. The source's log has the cause. Some providers define another response.",
          schema: HttpErrorOut,
          example: { code: "not_verified", detail: "The request could not be verified." },
        },
      },
      problems: [400, 404, 405, 408, 413, 429, 503],
      handle() {
        throw notFound();
      },
    }),
  ];
}
