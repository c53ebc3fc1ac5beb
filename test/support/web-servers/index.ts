import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accepts } from "../accepts.ts";
import { type Certificate, selfSigned } from "../certificate.ts";
import { freePort } from "../free-port.ts";
import { temporaryDirectory } from "../temporary.ts";

/**
 * Web servers of other projects, each in a separate process. They respond to a POST by its path:
 * `/port` with the client's port, `/close` likewise but closing the connection, `/length` with the
 * length of the body, `/empty` with 204, `/chunked` with `hello` in chunks, `/interim` with an
 * interim response and then `hello`, and any other path with 404.
 */

interface Maker {
  readonly name: string;
  /** The program that must be installed. */
  readonly program: string;
  /** Paths that the server cannot serve. */
  readonly lacks: readonly string[];
  command(place: Place): string[];
}

interface Place {
  readonly port: number;
  readonly tlsPort: number;
  readonly cert: string;
  readonly key: string;
  file(name: string): string;
}

const HERE = import.meta.dir;

export const makers: readonly Maker[] = [
  { name: "nginx", program: "nginx", lacks: ["/chunked", "/interim"], command: nginx },
  { name: "Node.js", program: "node", lacks: [], command: (place) => ["node", join(HERE, "node.mjs"), ...args(place)] },
  {
    name: "Python",
    program: "python3",
    lacks: [],
    command: (place) => ["python3", join(HERE, "server.py"), ...args(place)],
  },
  { name: "Go", program: "go", lacks: [], command: (place) => ["go", "run", join(HERE, "server.go"), ...args(place)] },
];

/**
 * A server that renegotiates the TLS session on a POST to `/renegotiate`. At `/requests` it returns
 * the number of requests on the connection.
 */
export const renegotiating: Maker = {
  name: "Node.js with TLS 1.2",
  program: "node",
  lacks: [],
  command: (place) => ["node", join(HERE, "node.mjs"), ...args(place), "TLSv1.2"],
};

function args({ port, tlsPort, cert, key }: Place): string[] {
  return [String(port), String(tlsPort), cert, key];
}

function nginx({ port, tlsPort, cert, key, file }: Place): string[] {
  const locations = [
    'location = /port { return 200 "$remote_port"; }',
    'location = /close { keepalive_timeout 0; return 200 "$remote_port"; }',
    'location = /length { return 200 "$content_length"; }',
    "location = /empty { return 204; }",
    "location = /small { client_max_body_size 1k; return 200; }",
    "location / { return 404; }",
  ].join("\n");
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (kind) => `${kind}_temp_path ${file(kind)};`,
  );
  writeFileSync(
    file("nginx.conf"),
    `daemon off; worker_processes 1; pid ${file("nginx.pid")}; error_log ${file("error.log")};
    events { worker_connections 64; }
    http {
      access_log off; client_max_body_size 100m; ${temporary.join(" ")}
      server { listen 127.0.0.1:${port}; ${locations} }
      server { listen 127.0.0.1:${tlsPort} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key}; ${locations} }
    }`,
  );
  return ["nginx", "-e", file("error.log"), "-c", file("nginx.conf")];
}

export interface WebServer extends AsyncDisposable {
  /** URL without a trailing slash. */
  readonly url: string;
  readonly tlsUrl: string;
  /** The certificate to trust for `tlsUrl`. */
  readonly certificate: Certificate;
}

/** Starts a server and waits until it listens. */
export async function startWebServer(maker: Maker): Promise<WebServer> {
  const directory = temporaryDirectory();
  const certificate = selfSigned("127.0.0.1");
  const [cert, key] = [directory.file("cert.pem"), directory.file("key.pem")];
  writeFileSync(cert, certificate.cert);
  writeFileSync(key, certificate.key);
  const [port, tlsPort] = [freePort(), freePort()];
  const command = maker.command({ port, tlsPort, cert, key, file: directory.file });
  // The command runs in a separate process group, because `go run` does not stop its server when it
  // is stopped.
  const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "ignore"], detached: true });
  const stop = async () => {
    if (child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    await child.exited;
    directory[Symbol.dispose]();
  };
  for (const one of [port, tlsPort]) {
    while (!(await accepts(one))) {
      if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended with ${child.exitCode}.`);
      await Bun.sleep(20);
    }
  }
  return {
    url: `http://127.0.0.1:${port}`,
    tlsUrl: `https://127.0.0.1:${tlsPort}`,
    certificate,
    [Symbol.asyncDispose]: stop,
  };
}
