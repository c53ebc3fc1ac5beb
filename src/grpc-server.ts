import type { Settings } from "./config/index.ts";
import type { MessageSender } from "./core/grpc-sender.ts";
import type { KeyPair } from "./core/key-pair.ts";
import { socketPathOf } from "./core/unix-socket.ts";
import type { GrpcServer } from "./edge/grpc/server.ts";
import type { Log } from "./telemetry/log.ts";

/**
 * Returns the server for messages over gRPC, or null if it is off. Its code is loaded only if it is on.
 * If the HTTP server listens on a Unix socket, it listens on the loopback address.
 */
export async function grpcServer(
  { grpcPort: port, host, maxBodyBytes: bodyBytesMax }: Pick<Settings, "grpcPort" | "host" | "maxBodyBytes">,
  keyPair: KeyPair | null,
  sender: MessageSender,
  stopping: AbortSignal,
  log: Log,
): Promise<GrpcServer | null> {
  if (port === null) return null;
  const { GrpcServer: Implementation } = await import("./edge/grpc/server.ts");
  const address = socketPathOf(host) === null ? host : "127.0.0.1";
  const onListening = (at: number) => log.info({ event: "grpc.started", host: address, port: at }, "Serving gRPC.");
  return new Implementation({ host: address, port, keyPair, bodyBytesMax, stopping, onListening }, sender);
}
