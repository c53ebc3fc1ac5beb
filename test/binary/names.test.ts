import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { executable } from "../support/binary.ts";
import { makeApplication, type Send } from "../support/client.ts";
import { attemptsOf, makeEndpoint, sendMessage } from "../support/delivery.ts";
import { type Installation, install } from "../support/installation.ts";
import { answer, type SocketReceiver, startSocketReceiver } from "../support/socket-receiver.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/**
 * Tests host names with several addresses, and unreachable name servers. The executable runs in a
 * mount namespace with a separate /etc/hosts and resolv.conf, which some systems do not allow.
 */

const dir = temporaryDirectory();
const [hosts, resolvConf] = [dir.file("hosts"), dir.file("resolv.conf")];
const WITH_FILES = 'mount --bind "$HOSTS" /etc/hosts && mount --bind "$RESOLV_CONF" /etc/resolv.conf && exec "$0" "$@"';
const NAMES = ["127.0.0.1 localhost", "127.0.0.1 many.test", "127.0.0.2 many.test", "127.0.0.3 many.test"];

function inNamespace(...command: readonly string[]): string[] {
  return ["unshare", "--map-root-user", "--mount", "sh", "-c", WITH_FILES, ...command];
}

writeFileSync(hosts, `${NAMES.join("\n")}\n`);
// No name server listens there, so packets are refused.
writeFileSync(resolvConf, "nameserver 127.0.0.9\n");
// The empty setting makes the server use the name servers in resolv.conf.
const env = { HOSTS: hosts, RESOLV_CONF: resolvConf, BOATHOOK_NAME_SERVERS: "" };
const canMount =
  Bun.which("unshare") !== null &&
  Bun.spawnSync(inNamespace("true"), { env: { PATH: process.env.PATH, ...env } }).exitCode === 0;

afterAll(() => dir[Symbol.dispose]());

describe.if(canMount)("name resolution", () => {
  let boathook: Installation;
  let send: Send;
  beforeAll(async () => {
    const args = ["--retry-schedule=", "--delivery-timeout=10s"];
    boathook = await install(args, { program: inNamespace(...executable()), env });
    send = boathook.send;
  });
  afterAll(() => boathook[Symbol.asyncDispose]());

  async function endpointAt(url: string): Promise<string> {
    const app = await makeApplication(send);
    await makeEndpoint(send, app, url);
    return app;
  }

  test("if one address of a host name is dead, every first attempt still succeeds, and the other addresses share the messages", async () => {
    await using one = await startSocketReceiver(answer, { host: "127.0.0.2" });
    await using other = await startSocketReceiver(answer, { host: "127.0.0.3", port: one.port });
    const app = await endpointAt(`http://many.test:${one.port}/`);
    for (let i = 0; i < 12; i++) {
      expect(await attemptsOf(send, app, await sendMessage(send, app))).toMatchObject([{ statusText: "success" }]);
    }
    const count = ({ requests }: SocketReceiver) => requests.reduce((sum, each) => sum + each, 0);
    expect(count(one) + count(other)).toBe(12);
    expect([count(one), count(other)].every((each) => each >= 4)).toBe(true);
  });

  test("messages wait without an attempt while no name server can be reached", async () => {
    await using receiver = await startSocketReceiver(answer);
    const app = await endpointAt(`http://later.test:${receiver.port}/`);
    const message = await sendMessage(send, app);
    expect(await boathook.process.logged(({ resource }) => resource === "name-servers")).toMatchObject({
      level: "warn",
    });
    expect((await send("GET", `/app/${app}/attempt/msg/${message}`)).json.data).toEqual([]);
    writeFileSync(hosts, `${[...NAMES, "127.0.0.1 later.test"].join("\n")}\n`);
    expect(await attemptsOf(send, app, message)).toMatchObject([{ statusText: "success" }]);
  }, 30_000);
});
