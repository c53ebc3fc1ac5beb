import { existsSync, rmSync, writeFileSync } from "node:fs";
import { pgbouncerProgram } from "./test-servers/pgbouncer.ts";
import { postgresPrograms } from "./test-servers/postgres.ts";

/**
 * Programs that tests use and that may be missing on a machine. They are installed as root on
 * Debian-based systems. On other systems, tests that need a missing program are skipped with a
 * note.
 */

interface Tool {
  readonly program: string;
  /** Name of the Debian package. */
  readonly package: string;
  readonly purpose: string;
  /** Finds a program that is not on the PATH. */
  readonly find?: () => string | null;
}

const TOOLS: readonly Tool[] = [
  { program: "chromium", package: "chromium", purpose: "the tests of the admin page" },
  { program: "strace", package: "strace", purpose: "the tests that a 2xx comes after the sync" },
  { program: "promtool", package: "prometheus", purpose: "the tests of the alert rules and with a real Prometheus" },
  { program: "nginx", package: "nginx-light", purpose: "the tests of the HTTP client and the server with nginx" },
  { program: "openssl", package: "openssl", purpose: "the tests of client certificates" },
  { program: "tinyproxy", package: "tinyproxy-bin", purpose: "the tests of egress-proxy with an HTTP proxy" },
  { program: "microsocks", package: "microsocks", purpose: "the tests of egress-proxy with a SOCKS proxy" },
  { program: "caddy", package: "caddy", purpose: "the test of the guide's configuration of Caddy" },
  { program: "podman", package: "podman", purpose: "the test that Podman loads the container image" },
  { program: "skopeo", package: "skopeo", purpose: "the test that another program reads the container image" },
  { program: "java", package: "default-jre-headless", purpose: "the tests with an SQS server and with Kafka" },
  { program: "mvn", package: "maven", purpose: "the tests with an SQS server and with Kafka" },
  { program: "python3", package: "python3", purpose: "the tests of the HTTP client against Python" },
  { program: "rabbitmq-server", package: "rabbitmq-server", purpose: "the tests with RabbitMQ" },
  { program: "nats-server", package: "nats-server", purpose: "the tests with NATS" },
  { program: "faketime", package: "faketime", purpose: "the tests of instances whose clocks differ" },
  { program: "pgbouncer", package: "pgbouncer", purpose: "the tests with PgBouncer", find: pgbouncerProgram },
  { program: "initdb", package: "postgresql", purpose: "the tests with PostgreSQL", find: postgresPrograms },
];

function isMissing({ program, find }: Tool): boolean {
  return (find?.() ?? Bun.which(program)) === null;
}

/** A program that Debian's packages ask whether they may start their services. */
const POLICY = "/usr/sbin/policy-rc.d";
/** Its exit code for no (Debian's invoke-rc.d). */
const FORBIDDEN = 101;

/** Calls `install`, whose packages must not start their services: the tests start servers of their own. */
function withoutServices(install: () => void): void {
  const isOwn = !existsSync(POLICY);
  if (isOwn) writeFileSync(POLICY, `#!/bin/sh\nexit ${FORBIDDEN}\n`, { mode: 0o755 });
  try {
    install();
  } finally {
    if (isOwn) rmSync(POLICY);
  }
}

function apt(...args: string[]): boolean {
  const child = Bun.spawnSync(["apt-get", ...args], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  return child.exitCode === 0;
}

/**
 * Installs missing programs if possible. Returns a line that names the programs that the tests use, and one for
 * each program that is still missing.
 */
export function installTestTools(): string[] {
  const missing = TOOLS.filter(isMissing);
  const mayInstall = process.getuid?.() === 0 && Bun.which("apt-get") !== null;
  if (missing.length > 0 && mayInstall) {
    const install = ["install", "-y", "--no-install-recommends", ...missing.map((tool) => tool.package)];
    withoutServices(() => {
      if (apt(...install)) return;
      apt("update");
      apt(...install);
    });
  }
  const skipped = missing.filter(isMissing);
  const used = TOOLS.filter((tool) => !skipped.includes(tool)).map(({ program }) => program);
  return [
    `the tests use ${used.join(", ")}`,
    ...skipped.map(({ program, purpose }) => `${program} is missing: ${purpose} are skipped`),
  ];
}
