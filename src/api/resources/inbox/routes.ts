import { Type } from "@sinclair/typebox";
import { formatInstant } from "../../../core/instant.ts";
import { invalid, notFound } from "../../../core/problem.ts";
import { isSensitiveHeader } from "../../../core/sensitive-header.ts";
import { parseDuration } from "../../../core/unit.ts";
import { MASK } from "../../../core/url-password.ts";
import { bodyLease, framingOf, readBody } from "../../http/body.ts";
import { anonymous } from "../../http/byte-budget.ts";
import type { Context } from "../../http/context.ts";
import * as field from "../../http/fields.ts";
import { type Method, type Operation, operation } from "../../http/operation.ts";
import { noContent, type Reply, reply } from "../../http/reply.ts";
import { nullable, ruled } from "../../http/schema.ts";
import type { Identity } from "../../identity/identity.ts";
import { type InboxRequest, isInboxToken } from "./inbox.ts";

const DELAY_MS_MAX = 60_000;
const METHODS: readonly Method[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

export const InboxRequestOut = field.object("InboxRequestOut", {
  id: Type.String(),
  receivedAt: field.instantOut,
  method: Type.String(),
  path: Type.String({ description: "Request path, including the query string." }),
  headers: Type.Record(Type.String(), Type.String(), {
    description: "For a read-only token, the values of sensitive headers are `***`.",
  }),
  body: Type.String({ description: "Truncated to 64 KiB." }),
  messageId: nullable(Type.String({ description: "The `webhook-id` or `svix-id` header." })),
  status: Type.Integer({ description: "Status of the inbox's response." }),
});

const example = {
  id: "inreq_1",
  receivedAt: "2026-01-01T00:00:00.000Z",
  method: "POST",
  path: "/inbox/my-inbox-token",
  headers: { "content-type": "application/json" },
  body: '{"type":"user.signup"}',
  messageId: "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr",
  status: 200,
};

const receiveQuery = Type.Object({
  status: Type.Optional(
    Type.Integer({ minimum: 200, maximum: 599, default: 200, description: "Status of the response." }),
  ),
  delay: Type.Optional(
    ruled(Type.String(), delayProblem, { description: "Delay of the response, such as `2s`; at most `60s`." }),
  ),
});

function delayProblem(text: string): string | null {
  const ms = parseDuration(text);
  return ms === null || ms > DELAY_MS_MAX ? "Must be a duration such as 250ms or 2s, at most 60s." : null;
}

export function inboxRoutes(context: Context): Operation[] {
  const { inbox, clock, facts, settings, bodies, smallBodies } = context;
  const tag = "Inbox";

  const receive = (method: Method) =>
    operation({
      id: method === "POST" ? "inbox.receive" : `inbox.receive-${method.toLowerCase()}`,
      method,
      path: "/inbox/:token",
      tag,
      summary: "Receive a webhook",
      description:
        "A receiver for testing. Accepts any method. The inbox name has 8 to 64 letters, digits, `_` and `-`; inboxes need not be created.",
      access: "public",
      ...(method !== "POST" && { hidden: true }),
      query: receiveQuery,
      responses: {
        200: {
          description: "The request was stored.",
          schema: field.object("InboxAnswer", { received: Type.Boolean() }),
          example: { received: true },
        },
      },
      problems: [404, 408, 413, 503],
      async handle({ request, params, query }): Promise<Reply> {
        if (!isInboxToken(params.token))
          throw notFound("No such inbox. An inbox name has 8 to 64 letters, digits, _ and -.");
        const status = query.status ?? 200;
        await keep(params.token, request, status);
        if (query.delay !== undefined) await after(parseDuration(query.delay)!);
        return hasBody(status) ? reply(status, { received: true }) : { ...noContent, status };
      },
    });

  /** Stores a request. The body is not kept in memory while the response is delayed. */
  async function keep(token: string, request: Request, status: number): Promise<void> {
    const framing = framingOf(request);
    const lease = bodyLease(framing, bodies, anonymous);
    try {
      const body = await readBody(request, { framing, bytesMax: settings.maxBodyBytes, lease, clock, smallBodies });
      const { messageId } = inbox.keep(token, request, body, status);
      facts.state({ type: "inbox.received", token, bytes: body.length, messageId });
    } finally {
      lease?.end();
    }
  }

  const after = (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve));

  return [
    ...METHODS.map(receive),
    operation({
      id: "inbox.list",
      method: "GET",
      path: "/api/v1/inbox/:token",
      tag,
      summary: "List the requests of an inbox",
      description: "The latest 100 requests, newest first. They are kept in memory only.",
      access: "environment",
      responses: {
        200: {
          description: "The requests.",
          schema: field.object("InboxOut", { data: Type.Array(InboxRequestOut) }),
          example: { data: [example] },
        },
      },
      problems: [422],
      handle({ identity, params }) {
        if (!isInboxToken(params.token)) throw invalid(["path", "token"], "Must be 8 to 64 letters, digits, _ and -.");
        return reply(200, { data: inbox.requests(params.token).map((request) => out(request, identity)) });
      },
    }),
  ];
}

function out(request: InboxRequest, { readOnly }: Identity) {
  const headers = readOnly ? withoutSecrets(request.headers) : request.headers;
  return { ...request, headers, receivedAt: formatInstant(request.receivedAt) };
}

/** An endpoint at an inbox sends its secret headers there, which read-only tokens may not see. */
function withoutSecrets(headers: InboxRequest["headers"]): InboxRequest["headers"] {
  const masked = ([name, value]: [string, string]) => [name, isSensitiveHeader(name) ? MASK : value];
  return Object.fromEntries(Object.entries(headers).map(masked));
}

function hasBody(status: number): boolean {
  return status !== 204 && status !== 205 && status !== 304;
}
