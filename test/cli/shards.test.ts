import { expect, setDefaultTimeout, test } from "bun:test";
import { run } from "../support/binary.ts";
import { program } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

interface Described {
  readonly shard?: string;
  readonly data?: string;
  readonly health?: string;
  readonly metricsStatus?: number;
}

/** A server with the health and the metrics of a shard. */
function shardServer({ shard = "eu1", data = "a", health = '{"status":"ok"}', metricsStatus = 200 }: Described) {
  const metrics = `boathook_build_info{version="0.1.0",shard="${shard}",data="${data}"} 1\nboathook_dead_letters 0\n`;
  const server = Bun.serve({
    ...{ port: 0, hostname: "127.0.0.1" },
    fetch: ({ url }) =>
      url.endsWith("/metrics") ? new Response(metrics, { status: metricsStatus }) : new Response(health),
  });
  return { host: `127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

const shards = (...args: readonly string[]) => run(program, ["shards", ...args]);

test("two servers with the same name and different data are named, and the command fails", async () => {
  using one = shardServer({});
  using same = shardServer({});
  using other = shardServer({ data: "b" });
  const [a, b, c] = [one, same, other].map(({ host }) => `http://${host}`);

  const sameData = await shards(a!, b!);
  const otherData = await shards(a!, c!);

  expect({ code: sameData.code, stderr: sameData.stderr }).toEqual({ code: 0, stderr: "" });
  expect({ code: otherData.code, stderr: otherData.stderr }).toEqual({
    code: 1,
    stderr: `The servers at ${a} and ${c} are both named eu1. Set shard to another name on one of them, because a proxy finds shards by the names in ids.\n`,
  });
});

test("servers without a name may be several", async () => {
  using one = shardServer({ shard: "" });
  using other = shardServer({ shard: "", data: "b" });
  const { code, stderr } = await shards(`http://${one.host}`, `http://${other.host}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("the password of a URL is not printed", async () => {
  using server = shardServer({});
  for (const args of [[], ["--json"]]) {
    const { code, stdout, stderr } = await shards(`http://me:pass-of-me@${server.host}`, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`http://me:***@${server.host}`);
    expect(stdout).not.toContain("pass-of-me");
  }
});

test("a page of another program is not called unreachable, and a missing token is named", async () => {
  using page = shardServer({ health: "<h1>Welcome</h1>" });
  using locked = shardServer({ metricsStatus: 401 });
  const { code, stdout } = await shards(`http://${page.host}`, `http://${locked.host}`, "--json");
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { status: "no health of Boathook" },
    { status: "metrics: 401 (set BOATHOOK_METRICS_TOKEN)" },
  ]);
});
