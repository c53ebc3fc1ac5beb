import { existsSync, writeFileSync } from "node:fs";
import { connect } from "amqplib";
import { temporaryDirectory } from "../temporary.ts";
import { type Broker, type BrokerTls, freePorts, RestartableProcess } from "./broker.ts";

/** The server itself. The program of the same name on the PATH changes the user and the directory. */
const SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";
export const hasRabbitMq = existsSync(SERVER) && Bun.which("epmd") !== null;

/** A user whose password is the same text, with regular expressions of what it may configure, write and read. */
interface User {
  readonly name: string;
  readonly permissions: readonly [configure: string, write: string, read: string];
}

/** `guest` may do everything, and `reader` may not publish. */
const USERS: readonly User[] = [
  { name: "guest", permissions: [".*", ".*", ".*"] },
  { name: "reader", permissions: ["", "", ".*"] },
];
/** The virtual host besides `/`. */
export const RABBITMQ_VHOST = "orders/eu";

interface RabbitMqOptions {
  readonly tls?: BrokerTls | null;
  /** Durable queues, which remain when the server is killed. It loses those that were declared just before. */
  readonly queues?: readonly string[];
  /** Whether the server believes that its disk is full, so that it takes no messages. */
  readonly isFull?: boolean;
}

/**
 * Starts RabbitMQ with its own data. It finds nodes through an `epmd` of its own, which ends with
 * it: RabbitMQ would start one that keeps running.
 */
export async function startRabbitMq(options: RabbitMqOptions = {}): Promise<Broker> {
  const { tls = null, isFull = false, queues = [] } = options;
  const directory = temporaryDirectory();
  const [port, tlsPort, nodePort, epmdPort] = freePorts(4) as [number, number, number, number];
  const epmd = new RestartableProcess(
    ["epmd", "-address", "127.0.0.1", "-port", String(epmdPort)],
    { PATH: process.env.PATH ?? "" },
    directory.path,
    directory.file("epmd.log"),
  );
  const file = (name: string) => directory.file(name);
  writeFileSync(file("rabbitmq.conf"), configuration(port, tlsPort, file, { tls, isFull }));
  writeFileSync(file("definitions.json"), JSON.stringify(definitions()));
  writeFileSync(file("enabled_plugins"), "[].");
  const server = new RestartableProcess(
    [SERVER],
    environment(directory.path, file, nodePort, epmdPort),
    directory.path,
    file("rabbitmq.log"),
  );
  const last = isFull ? "resource limit alarm set" : "Server startup complete";
  const isReady = async () => (await Bun.file(file("rabbitmq.log")).text()).includes(last);
  await epmd.start(epmdPort);
  const stop = async () => {
    await server.kill();
    await epmd.kill();
    directory[Symbol.dispose]();
  };
  const start = () => server.start(port, isReady);
  try {
    await start();
    if (queues.length > 0) {
      await declare(port, queues);
      await server.kill("SIGTERM");
      await start();
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    tlsPort: tls === null ? null : tlsPort,
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    start,
    [Symbol.asyncDispose]: stop,
  };
}

async function declare(port: number, queues: readonly string[]): Promise<void> {
  const model = await connect(`amqp://127.0.0.1:${port}`);
  const channel = await model.createChannel();
  for (const queue of queues) await channel.assertQueue(queue, { durable: true });
  await model.close();
}

function configuration(
  port: number,
  tlsPort: number,
  file: (name: string) => string,
  { tls = null, isFull = false }: RabbitMqOptions,
): string {
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `load_definitions = ${file("definitions.json")}`,
    ...["log.file = false", "log.console = true", "log.console.level = info"],
    // The disks of test machines may be almost full.
    `disk_free_limit.absolute = ${isFull ? "900000GB" : "1MB"}`,
  ];
  if (tls !== null) {
    writeFileSync(file("cert.pem"), tls.cert);
    writeFileSync(file("key.pem"), tls.key);
    lines.push(
      `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
      `ssl_options.certfile = ${file("cert.pem")}`,
      `ssl_options.keyfile = ${file("key.pem")}`,
    );
    if (tls.clientCa !== undefined) {
      writeFileSync(file("ca.pem"), tls.clientCa);
      lines.push(
        `ssl_options.cacertfile = ${file("ca.pem")}`,
        ...["ssl_options.verify = verify_peer", "ssl_options.fail_if_no_peer_cert = true"],
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function definitions(): object {
  const vhosts = ["/", RABBITMQ_VHOST];
  const users = USERS.map(({ name }) => ({ name, password: name, tags: [] }));
  const permissions = USERS.flatMap(({ name: user, permissions: [configure, write, read] }) =>
    vhosts.map((vhost) => ({ user, vhost, configure, write, read })),
  );
  return { vhosts: vhosts.map((name) => ({ name })), users, permissions, queues: [], exchanges: [], bindings: [] };
}

function environment(home: string, file: (name: string) => string, nodePort: number, epmdPort: number) {
  return {
    PATH: process.env.PATH ?? "",
    HOME: home,
    // The script becomes the server instead of waiting for it.
    detached: "true",
    RABBITMQ_NODENAME: "boathook-test@localhost",
    RABBITMQ_CONFIG_FILE: file("rabbitmq.conf"),
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins"),
    RABBITMQ_MNESIA_BASE: file("data"),
    RABBITMQ_LOG_BASE: file("log"),
    RABBITMQ_DIST_PORT: String(nodePort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_FLAGS: "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
  };
}
