import { type ChannelModel, connect } from "amqplib";
import type { AmqpUrl } from "../../core/endpoint-url/amqp.ts";
import { type BrokerPlace, tlsOptions } from "../broker/place.ts";
import { withKeptDescriptorSoon } from "../kept-descriptors.ts";

/** A server that has sent nothing for twice this time is gone. */
const HEARTBEAT_SECONDS = 10;

/**
 * Connects and logs in. `timeoutMs` limits the wait for each response. The caller must listen to the
 * event `error`.
 */
export function connectAmqp(login: AmqpUrl, place: BrokerPlace, timeoutMs: number): Promise<ChannelModel> {
  const { port, user, password, vhost } = login;
  const url = {
    protocol: place.serverName === null ? "amqp" : "amqps",
    ...{ hostname: place.address, port, username: user, password },
    vhost: encodeURIComponent(vhost),
    heartbeat: HEARTBEAT_SECONDS,
  };
  return withKeptDescriptorSoon(() => connect(url, { noDelay: true, timeout: timeoutMs, ...tlsOptions(place) }));
}

/** Ends a connection at once. The client itself can only end it together with the server. */
export function destroyAmqp(model: ChannelModel): void {
  const { stream } = model.connection as unknown as { readonly stream: { destroy(): void } };
  stream.destroy();
}
