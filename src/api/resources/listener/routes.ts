import { type Static, Type } from "@sinclair/typebox";
import { MessageCopier } from "../../../commands/message-copy.ts";
import { CLOSE } from "../../../core/close-code.ts";
import type { Seq } from "../../../core/id.ts";
import { listenerSecret, parseReplay, REPLAY_FORM } from "../../../core/listener.ts";
import { invalid } from "../../../core/problem.ts";
import type { MessageFilter } from "../../../store/index.ts";
import type { Context } from "../../http/context.ts";
import { errorReply } from "../../http/errors.ts";
import * as field from "../../http/fields.ts";
import { messageSeqOf } from "../../http/message-id.ts";
import { type Call, type Operation, operation } from "../../http/operation.ts";
import { reply } from "../../http/reply.ts";
import { type SocketEvents, upgraded } from "../../http/web-socket.ts";
import { Listener } from "../../live/listener.ts";
import { beginning, type Earlier } from "../../live/listener-position.ts";
import { Listeners } from "../../live/listeners.ts";
import { Tails } from "../../live/tail.ts";

const TYPES_CHARS_MAX = 8192;

const ListenerSecretOut = field.object("ListenerSecretOut", {
  key: Type.String({ description: "A `whsec_` secret. It stays the same." }),
  signatureHeaders: Type.String({
    enum: ["webhook", "svix", "both"],
    description: "The setting `signature-headers`: the names of the headers with the signature.",
  }),
});

const listenQuery = Type.Object({
  event_types: Type.Optional(
    Type.String({ maxLength: TYPES_CHARS_MAX, description: "Only messages of these types, separated by commas." }),
  ),
  replay: Type.Optional(
    Type.String({ maxLength: TYPES_CHARS_MAX, description: `Begin with stored messages: ${REPLAY_FORM}.` }),
  ),
  after: Type.Optional(
    Type.String({
      description:
        "Continue after the frame with this `after`, and skip all but the latest 1,000 messages. With it, `replay` names the requested messages that have not arrived yet.",
    }),
  ),
  requested_until: Type.Optional(
    Type.String({ description: "The `requestedUntil` of the first frame. No message up to it is skipped." }),
  ),
});

const connected = {
  101: { description: "The connection is open. Frames are JSON texts." },
};

const LISTEN =
  "Copies accepted messages to a WebSocket connection, for `boathook listen`. Deliveries to endpoints do not change, and nothing is stored about the connection. Messages must be acknowledged with `done` frames.";
const TAIL =
  "Reports messages and attempts to a WebSocket connection as they happen, for `boathook tail`. If a client does not read, some are skipped, and it gets their number.";
const SECRET = "Returns the secret with which requests of listeners are signed, and of replays without an endpoint.";

/** Defines the operations of `boathook listen`, `replay` and `tail`. */
export function listenerRoutes(context: Context): Operation[] {
  const { lookup, store, ids } = context;
  const listeners = new Listeners({
    ...{ facts: context.facts, signals: context.signals, stopping: context.stopping },
    exists: async (seq) => (await store.configuration.applications.get(seq)) !== null,
  });
  const tails = new Tails(context);
  const parts = () => ({
    ...{ store, ids, pages: context.pages, clock: context.clock },
    copier: new MessageCopier(`Boathook/${context.version}`, context.settings.signatureHeaders),
  });

  type Listen = Pick<Call<string, Static<typeof listenQuery>>, "request" | "identity" | "admission" | "query">;

  async function listen(applicationSeq: Seq, { request, identity, admission, query }: Listen): Promise<Response> {
    const followed = { applicationSeq, filter: filterOf(query.event_types) };
    const earlier = earlierOf(query);
    const start = await beginning(store, ids, followed, { earlier, replay: replayOf(query.replay) });
    let release = () => {};
    const listener = new Listener(parts(), identity, followed, { ...start, isResumed: earlier !== null }, (error) => {
      release();
      if (error !== null) errorReply(error, context.log);
    });
    release = add(applicationSeq, listener, admission);
    return upgradeOrRelease(request, listener, release);
  }

  function tail(applicationSeq: Seq, { request, admission }: Pick<Listen, "request" | "admission">): Response {
    let release = () => {};
    const connection = tails.of(applicationSeq, () => release());
    release = add(applicationSeq, connection, admission);
    return upgradeOrRelease(request, connection, release);
  }

  /**
   * Adds a connection, which ends with its token, its application or the server. Returns the function
   * that removes it. Throws 429 if there are too many.
   */
  function add(applicationSeq: Seq, connection: Listener | ReturnType<Tails["of"]>, admission: Listen["admission"]) {
    const remove = listeners.add(applicationSeq, connection);
    const stopWatching = admission.watch(() => connection.end(CLOSE.ended));
    return () => {
      remove();
      stopWatching();
    };
  }

  function upgradeOrRelease(request: Request, events: SocketEvents, release: () => void): Response {
    try {
      return upgraded(context.upgrade, request, events);
    } catch (error) {
      release();
      throw error;
    }
  }

  function earlierOf({ after, requested_until: until }: Listen["query"]): Earlier | null {
    if (after === undefined) return null;
    const must = (field: string) => `Must be the \`${field}\` of a frame (msg_…).`;
    return {
      after: messageSeqOf(ids, after, ["query", "after"], must("after")),
      requestedUntil:
        until === undefined ? 0 : messageSeqOf(ids, until, ["query", "requested_until"], must("requestedUntil")),
    };
  }

  function replayOf(text: string | undefined) {
    if (text === undefined) return null;
    const choice = parseReplay(text, context.clock.now());
    if (choice === null) throw invalid(["query", "replay"], `Must be ${REPLAY_FORM}.`);
    return choice;
  }

  const secretOut = (applicationSeq: Seq) =>
    reply(200, {
      key: listenerSecret(store.payloadLinkKey, applicationSeq),
      signatureHeaders: context.settings.signatureHeaders,
    });
  const secretResponses = {
    200: {
      description: "The secret.",
      schema: ListenerSecretOut,
      example: { key: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", signatureHeaders: "webhook" },
    },
  };
  const common = { tag: "Listener", access: "application", scopes: ["listener:Read"] } as const;
  const secret = { readOnlyAccess: false, capability: "ViewEndpointSecret", responses: secretResponses } as const;

  return [
    operation({
      ...{ id: "listener.open", method: "GET", path: "/api/v1/app/:app_id/listen", ...common },
      ...{
        summary: "Listen to an application",
        description: LISTEN,
        lasting: true,
        upgrades: true,
        query: listenQuery,
      },
      ...{ responses: connected, problems: [404, 426, 429] },
      handle: async ({ params, ...call }) => listen((await lookup.application(call.identity, params.app_id)).seq, call),
    }),
    operation({
      ...{ id: "listener.tail", method: "GET", path: "/api/v1/app/:app_id/tail", ...common },
      ...{ summary: "Watch an application", description: TAIL, lasting: true, upgrades: true },
      ...{ responses: connected, problems: [404, 426, 429] },
      handle: async ({ params, ...call }) => tail((await lookup.application(call.identity, params.app_id)).seq, call),
    }),
    operation({
      ...{ id: "listener.get-secret", method: "GET", path: "/api/v1/app/:app_id/listen/secret", ...common },
      ...{ summary: "Get the secret of an application's listeners", description: SECRET, ...secret },
      problems: [404],
      handle: async ({ identity, params }) => secretOut((await lookup.application(identity, params.app_id)).seq),
    }),
    operation({
      ...{ id: "ingest.listener.open", method: "GET", path: "/ingest/api/v1/source/:source_id/listen", ...common },
      ...{ summary: "Listen to a source", description: LISTEN, lasting: true, upgrades: true, query: listenQuery },
      ...{ responses: connected, problems: [404, 426, 429] },
      handle: async ({ params, ...call }) =>
        listen((await lookup.source(call.identity, params.source_id)).applicationSeq, call),
    }),
    operation({
      ...{ id: "ingest.listener.tail", method: "GET", path: "/ingest/api/v1/source/:source_id/tail", ...common },
      ...{ summary: "Watch a source", description: TAIL, lasting: true, upgrades: true },
      ...{ responses: connected, problems: [404, 426, 429] },
      handle: async ({ params, ...call }) =>
        tail((await lookup.source(call.identity, params.source_id)).applicationSeq, call),
    }),
    operation({
      ...{ id: "ingest.listener.get-secret", method: "GET", path: "/ingest/api/v1/source/:source_id/listen/secret" },
      ...{ summary: "Get the secret of a source's listeners", description: SECRET, ...common, ...secret },
      problems: [404],
      handle: async ({ identity, params }) =>
        secretOut((await lookup.source(identity, params.source_id)).applicationSeq),
    }),
  ];
}

function filterOf(eventTypes: string | undefined): MessageFilter {
  const names = (eventTypes ?? "").split(",").filter((name) => name !== "");
  return names.length === 0 ? {} : { eventTypes: names };
}
