import { writeFileSync } from "node:fs";
import { temporaryDirectory } from "../temporary.ts";
import { type Broker, type BrokerTls, freePorts, RestartableProcess } from "./broker.ts";

export const natsServer = Bun.which("nats-server");

/** Starts a NATS server with JetStream and its own data. `authorization` is that block of its configuration. */
export async function startNats(tls: BrokerTls | null = null, authorization: string | null = null): Promise<Broker> {
  const directory = temporaryDirectory();
  const [port] = freePorts(1) as [number];
  const lines = [`listen: "127.0.0.1:${port}"`, `jetstream { store_dir: "${directory.file("data")}" }`];
  if (authorization !== null) lines.push(`authorization { ${authorization} }`);
  if (tls !== null) {
    writeFileSync(directory.file("cert.pem"), tls.cert);
    writeFileSync(directory.file("key.pem"), tls.key);
    const files = [`cert_file: "${directory.file("cert.pem")}"`, `key_file: "${directory.file("key.pem")}"`];
    if (tls.clientCa !== undefined) {
      writeFileSync(directory.file("ca.pem"), tls.clientCa);
      files.push(`ca_file: "${directory.file("ca.pem")}"`, "verify: true");
    }
    lines.push(`tls { ${files.join(", ")} }`);
  }
  writeFileSync(directory.file("nats.conf"), lines.join("\n"));
  const server = new RestartableProcess(
    [natsServer!, "-c", directory.file("nats.conf")],
    {},
    directory.path,
    directory.file("nats.log"),
  );
  const start = () => server.start(port);
  await start();
  return {
    port,
    tlsPort: tls === null ? null : port,
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    start,
    async [Symbol.asyncDispose]() {
      await server.kill();
      directory[Symbol.dispose]();
    },
  };
}
