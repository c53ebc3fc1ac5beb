import { Type } from "@sinclair/typebox";
import { checkConsumer, connectConsumer } from "../../../commands/socket-consumers.ts";
import { CLOSE } from "../../../core/close-code.ts";
import { PREFETCH_DEFAULT, PREFETCH_MAX } from "../../../core/consumer-frame.ts";
import type { Seq } from "../../../core/id.ts";
import type { ConsumerSocket } from "../../../sockets/consumer.ts";
import type { Connected } from "../../../sockets/socket-consumers.ts";
import type { Context } from "../../http/context.ts";
import { type Operation, operation } from "../../http/operation.ts";
import { type Socket, type SocketEvents, upgraded } from "../../http/web-socket.ts";
import type { Admission } from "../../identity/admission.ts";

/** Defines the operation with which consumers of `websocket:` endpoints connect. */
export function endpointConnectRoutes(context: Context): Operation[] {
  const { lookup } = context;
  return [
    operation({
      id: "endpoint.connect",
      method: "GET",
      path: "/api/v1/app/:app_id/endpoint/:endpoint_id/connect",
      tag: "Endpoint",
      summary: "Connect a consumer",
      description:
        "Opens a WebSocket over which a consumer gets the messages of an endpoint with the URL `websocket:`. Several consumers share the messages. See /docs/guide/transports.",
      access: "application",
      // A consumer acknowledges messages, so the permission to read is not enough.
      capability: "ManageEndpoint",
      readOnlyAccess: false,
      scopes: ["endpoint:Write", "message:Read"],
      lasting: true,
      upgrades: true,
      query: Type.Object({
        prefetch: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: PREFETCH_MAX,
            default: PREFETCH_DEFAULT,
            description: "Maximum number of unacknowledged deliveries of the consumer.",
          }),
        ),
      }),
      responses: { 101: { description: "The connection is now a WebSocket." } },
      problems: [404, 409, 426, 429],
      async handle({ request, identity, params, query, admission }) {
        const application = await lookup.application(identity, params.app_id);
        const endpoint = await lookup.endpoint(application, params.endpoint_id);
        checkConsumer(context, endpoint);
        const events = eventsOf(context, endpoint.seq, query.prefetch ?? PREFETCH_DEFAULT, admission);
        return upgraded(context.upgrade, request, events);
      },
    }),
  ];
}

/** Returns the event handlers of the connection of a consumer. */
function eventsOf(context: Context, endpointSeq: Seq, prefetch: number, admission: Admission): SocketEvents {
  let connected: Connected | null = null;
  let stopWatching = () => {};
  return {
    open(socket) {
      connected = connectConsumer(context, endpointSeq, consumerSocket(socket), prefetch);
      stopWatching = admission.watch(() => connected?.close(CLOSE.ended, "The token has ended."));
    },
    message(_, message) {
      if (typeof message === "string") connected?.received(message);
      else connected?.close(CLOSE.invalidFrame, "A frame must be text.");
    },
    drain: () => connected?.drained(),
    pong: () => connected?.heard(),
    close() {
      stopWatching();
      connected?.ended();
    },
  };
}

function consumerSocket(socket: Socket): ConsumerSocket {
  return {
    send: (text) => void socket.sendText(text),
    get unsentBytes() {
      return socket.getBufferedAmount();
    },
    ping: () => void socket.ping(),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
  };
}
