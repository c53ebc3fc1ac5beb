import {
  loadPackageDefinition,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { GrpcMessage } from "../../src/ports.ts";

export const PROTO = `${import.meta.dir}/../../web/boathook.proto`;

// biome-ignore lint/suspicious/noExplicitAny: the library knows the types of a .proto file only at run time
const proto = loadPackageDefinition(loadSync(PROTO, { longs: Number, defaults: true })) as any;

/** The clients of the published services, as the official library makes them. */
export const services: { readonly Receiver: ServiceClientConstructor; readonly Sender: ServiceClientConstructor } =
  proto.boathook.v1;

/** A call that a receiver got. */
export interface ReceivedCall {
  readonly request: GrpcMessage & { readonly payload: Buffer };
  readonly metadata: Readonly<Record<string, string | Buffer>>;
  /** Time until the deadline, in ms. */
  readonly timeLeftMs: number;
}

/** What a receiver replies: a status other than OK with trailers, or OK with a detail. Null: nothing. */
export type GrpcReply =
  | { readonly code: number; readonly details?: string; readonly trailers?: Readonly<Record<string, string>> }
  | { readonly detail: string }
  | null;

export interface GrpcReceiver extends AsyncDisposable {
  readonly port: number;
  readonly calls: readonly ReceivedCall[];
  answering: (call: ReceivedCall) => GrpcReply;
  /** Returns the number of connections that have made calls so far. */
  sessions(): number;
}

/** A server of `boathook.v1.Receiver` on 127.0.0.1, made with the official library. */
export async function startGrpcReceiver(
  credentials = ServerCredentials.createInsecure(),
  port = 0,
): Promise<GrpcReceiver> {
  const calls: ReceivedCall[] = [];
  const peers = new Set<string>();
  const server = new Server();
  const receiver = { answering: (): GrpcReply => ({ detail: "stored" }) } as { answering: GrpcReceiver["answering"] };
  server.addService(services.Receiver.service, {
    Deliver(
      call: ServerUnaryCall<ReceivedCall["request"], { detail: string }>,
      done: sendUnaryData<{ detail: string }>,
    ) {
      peers.add(call.getPeer());
      const deadline = call.getDeadline();
      const timeLeftMs = (deadline instanceof Date ? deadline.getTime() : deadline) - Date.now();
      const received = { request: call.request, metadata: call.metadata.getMap(), timeLeftMs };
      calls.push(received);
      const reply = receiver.answering(received);
      if (reply === null) return;
      if ("detail" in reply) return done(null, reply);
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(reply.trailers ?? {})) metadata.set(name, value);
      done({ code: reply.code, details: reply.details ?? "", metadata });
    },
  });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, at) => (error === null ? resolve(at) : reject(error)));
  });
  return Object.assign(receiver, {
    port: bound,
    calls,
    sessions: () => peers.size,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  });
}
