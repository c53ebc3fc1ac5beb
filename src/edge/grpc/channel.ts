import { type ChannelOptions, Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { decodeDeliverResponse, deliverPath, encodeDeliverRequest } from "../../core/grpc-messages.ts";
import { grpcAnswer, grpcDeadlineExceeded, grpcOk } from "../../core/grpc-status.ts";
import type { Answer, ClientTls, GrpcRequest } from "../../ports.ts";
import type { SharedConnection } from "../connection-sharing.ts";
import { PlainCredentials, TlsCredentials } from "./credentials.ts";
import { portOf } from "./unreached.ts";

/** Maximum size of a response, which contains only a text for people. */
const RESPONSE_BYTES_MAX = 1024 * 1024;

const OPTIONS: ChannelOptions = {
  "grpc.enable_http_proxy": 0,
  // The engine decides about retries.
  "grpc.enable_retries": 0,
  // Connections are shared by our own keys, which contain the credentials.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.service_config_disable_resolution": 1,
  "grpc.initial_reconnect_backoff_ms": 250,
  "grpc.max_reconnect_backoff_ms": 5_000,
  "grpc.max_receive_message_length": RESPONSE_BYTES_MAX,
  "grpc.max_send_message_length": -1,
  "grpc.keepalive_time_ms": 60_000,
};

/** The answer if the connection ended while the receiver had the message. */
const CONNECTION_LOST: Answer = {
  kind: "failure",
  reason: "connection",
  detail: "The connection was closed before the response.",
};

/**
 * A channel to addresses of one family of one receiver. It connects, and connects again after failures,
 * by itself.
 */
export class GrpcChannel implements SharedConnection {
  readonly isOpen = true;
  readonly #client: Client;

  constructor(url: URL, addresses: readonly string[], tls: ClientTls | null) {
    const isIpv6 = addresses[0]!.includes(":");
    const places = addresses.map((address) => `${isIpv6 ? `[${address}]` : address}:${portOf(url)}`);
    this.#client = new Client(
      `${isIpv6 ? "ipv6" : "ipv4"}:${places.join(",")}`,
      url.protocol === "grpcs:" ? new TlsCredentials(url.hostname, tls) : new PlainCredentials(),
      { ...OPTIONS, "grpc.default_authority": url.host },
    );
  }

  /** Makes a call. Returns the reason if no connection could be opened, so that nothing was sent. */
  call(request: GrpcRequest, signal: AbortSignal): Promise<Answer | { readonly unreached: string }> {
    const { timeoutMs, responseBytesMax } = request;
    const metadata = new Metadata();
    for (const [name, value] of request.metadata) metadata.add(name, value);
    const deadline = Date.now() + timeoutMs;
    return new Promise((resolve) => {
      const end = (error: ServiceError | null, detail = "") => {
        signal.removeEventListener("abort", abort);
        const details = error?.details ?? "";
        if (details.startsWith("No connection established")) return resolve({ unreached: details });
        if (error !== null && signal.aborted) return resolve(timedOut(request));
        if (error !== null && isLost(error)) return resolve(CONNECTION_LOST);
        const trailer = (name: string) => error?.metadata?.get(name)[0]?.toString() ?? null;
        resolve(
          grpcAnswer({ code: error?.code ?? grpcOk, detail: error?.details ?? detail, trailer }, responseBytesMax),
        );
      };
      const call = this.#client.makeUnaryRequest(
        deliverPath,
        encodeDeliverRequest,
        decodeDeliverResponse,
        request.message,
        metadata,
        { deadline },
        end,
      );
      const abort = () => call.cancel();
      signal.addEventListener("abort", abort);
      if (signal.aborted) abort();
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Returns the answer if an attempt ends before its response. */
export function timedOut({ timeoutMs, responseBytesMax }: GrpcRequest): Answer {
  const detail = `The receiver did not respond within ${timeoutMs} ms.`;
  return grpcAnswer({ code: grpcDeadlineExceeded, detail, trailer: () => null }, responseBytesMax);
}

/** Returns whether the library made the status because the connection ended. */
function isLost({ code, details }: ServiceError): boolean {
  return code === status.UNAVAILABLE && /^Connection dropped$|\b(?:ECONNRESET|EPIPE)\b/.test(details);
}
