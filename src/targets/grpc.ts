import { grpcMetadata } from "../core/grpc-metadata.ts";
import type { SigningKey } from "../core/signature.ts";
import type { AccessTokens } from "./access-token.ts";
import { AuthorizedEndpoint } from "./authorized.ts";
import { noClient, RemoteEndpoint, type RemoteProtocol } from "./remote.ts";
import type { PreparedTarget, Target, TargetEndpoint, TargetParts } from "./target.ts";

/** Calls `boathook.v1.Receiver/Deliver`. A delivery succeeds when the receiver returns OK. */
export class GrpcTarget implements Target {
  readonly #protocol: RemoteProtocol;

  constructor(
    private readonly parts: TargetParts,
    private readonly tokens: AccessTokens,
  ) {
    const { clients } = parts.ports;
    this.#protocol = {
      sendsAuthorization: true,
      send(message, { headers, ...request }, signal) {
        if (clients === undefined) return Promise.resolve(noClient("gRPC"));
        const { id, timestampSeconds: timestamp, contentType } = headers;
        const { payload, eventType = "", channels } = message;
        const metadata = grpcMetadata([...headers.others, ...headers.signature]);
        const call = { id, eventType, timestamp, payload, contentType, channels: channels ?? [] };
        return clients.grpc.send({ ...request, metadata, message: call }, signal);
      },
    };
  }

  prepare(endpoint: TargetEndpoint, keys: readonly SigningKey[]): PreparedTarget {
    const prepared = new RemoteEndpoint(this.parts, endpoint, keys, this.#protocol);
    // No token is fetched for calls that cannot be made.
    const token = this.parts.policy.isProxied === true ? null : this.tokens.ofEndpoint(endpoint);
    return token === null ? prepared : new AuthorizedEndpoint(prepared, token);
  }
}
