import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { NatsUrl } from "../../core/endpoint-url/nats.ts";
import { type BrokerPlace, tlsOptions } from "../broker/place.ts";

/** A server that does not respond to two pings is gone. */
const PING_MS = 10_000;
const PINGS_MAX = 2;

/** Connects and logs in. The connection is never reopened, and uses no other servers of the cluster. */
export function connectNats({ port, login }: NatsUrl, place: BrokerPlace, timeoutMs: number): Promise<NatsConnection> {
  const { address } = place;
  return connect({
    servers: [address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`],
    ...{ timeout: timeoutMs, name: "boathook", pingInterval: PING_MS, maxPingOut: PINGS_MAX },
    ...{ reconnect: false, ignoreClusterUpdates: true, resolve: false, noAsyncTraces: true },
    // Null forbids TLS, which the client would otherwise begin if the server offers it.
    tls: tlsOptions(place),
    ...(login !== null && ("token" in login ? { token: login.token } : { user: login.user, pass: login.password })),
  });
}
