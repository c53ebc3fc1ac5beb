// biome-ignore-all lint/suspicious/noTemplateCurlyInString: files have variables in this form
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromSources, type Program, programEnvironment, run } from "../support/binary.ts";
import { clientOf, freshUid, type Send } from "../support/client.ts";
import { ROOT_TOKEN, startServer, type TestServer } from "../support/server.ts";

// Each command is a separate process, which takes seconds on a busy machine.
setDefaultTimeout(60_000);

const { TEST_EXECUTABLE } = process.env;
const program: Program = TEST_EXECUTABLE === undefined ? fromSources : [TEST_EXECUTABLE];

let server: TestServer;
let directory: string;
beforeAll(async () => {
  server = await startServer(["--max-endpoints-per-app=20"]);
  directory = await mkdtemp(join(tmpdir(), "boathook-apply-"));
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** An empty environment of the server, and commands that call it. */
async function emptyEnvironment() {
  const root = clientOf(server.url);
  const { json } = await root("POST", "/management/environment", {
    name: freshUid("environment"),
    type: "development",
  });
  const send: Send = (method, path, body, options = {}) =>
    root(method, path, body, { ...options, headers: { ...options.headers, "boathook-environment": json.id } });
  const command = (args: readonly string[], input = "", env: Readonly<Record<string, string>> = {}) => {
    const own = { BOATHOOK_SERVER: server.url, BOATHOOK_TOKEN: ROOT_TOKEN, BOATHOOK_ENVIRONMENT: json.id };
    return run(program, args, { input, cwd: directory, env: { XDG_CONFIG_HOME: directory, ...own, ...env } });
  };
  /** Applies a file from stdin. */
  const apply = (file: string | object, ...flags: string[]) =>
    command(["apply", "-", ...flags], typeof file === "string" ? file : JSON.stringify(file), { TOKEN: "a-secret" });
  return { send, command, apply };
}

const FILE = `
eventTypes:
  - name: user.signup
    description: A user has signed up.
applications:
  - uid: acme
    name: Acme
    endpoints:
      - uid: main
        url: https://hook.example/main
        eventTypes: [user.signup]
        headers: {X-Team: "1", Authorization: "Bearer \${TOKEN}"}
        transformation: {code: "function handler(webhook) { return webhook; }", enabled: true}
sources:
  - uid: shop
    name: Shop
    type: stripe
    config: {secret: "\${TOKEN}"}
    endpoints: [{uid: own, url: "https://hook.example/shop"}]
payloadVersions: [{version: "2026-01-01", description: First}]
`;

const CREATED = `+ event-type user.signup
+ application acme
+ source shop
+ payload-version 2026-01-01
+ endpoint acme/main
+ endpoint shop/own
`;

describe("boathook apply", () => {
  test("apply refuses more than 64 MiB without waiting for the end of the input", async () => {
    const child = Bun.spawn([...program, "apply", "-"], {
      env: await programEnvironment({ BOATHOOK_TOKEN: ROOT_TOKEN }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const mebibyte = new Uint8Array(1_048_576).fill(0x20);
    for (const part of [...Array(64).fill(mebibyte), mebibyte.subarray(0, 1)]) {
      child.stdin.write(part);
      await child.stdin.flush();
    }
    expect(await new Response(child.stderr).text()).toBe("The content of stdin is larger than 64 MiB.\n");
    expect(await child.exited).toBe(2);
  });

  test("apply --dry-run prints the differences and changes nothing", async () => {
    const { apply, send } = await emptyEnvironment();
    const expected = `${CREATED}6 to create, 0 to update, 0 to delete, 0 unchanged\n`;
    expect(await apply(FILE, "--dry-run")).toEqual({ code: 0, stdout: expected, stderr: "" });
    expect((await send("GET", "/app")).json.data).toEqual([]);
    expect((await send("GET", "/event-type")).json.data).toEqual([]);
  });

  test("the first run of apply creates everything, and the second one changes nothing", async () => {
    const { apply, send } = await emptyEnvironment();
    const expected = `${CREATED}6 created, 0 updated, 0 deleted, 0 unchanged\n`;
    expect(await apply(FILE)).toEqual({ code: 0, stdout: expected, stderr: "" });
    const read = async () => (await send("GET", "/endpoint?with_content=true")).json.data;
    const before = await read();
    expect(before).toMatchObject([
      { uid: "own", url: "https://hook.example/shop", apiVersion: "2026-01-01" },
      { uid: "main", eventTypes: ["user.signup"], headers: { "X-Team": "1" }, sensitiveHeaders: ["Authorization"] },
    ]);
    expect(await apply(FILE)).toEqual({
      ...{ code: 0, stdout: "0 created, 0 updated, 0 deleted, 6 unchanged\n", stderr: "" },
    });
    expect(await read()).toEqual(before);
  });

  test("apply prints differences with their fields, and does not change fields that are not in the file", async () => {
    const { apply, send } = await emptyEnvironment();
    await apply(FILE);
    await send("PATCH", "/app/acme/endpoint/main", { url: "https://other.example/", timeoutMs: 5000 });
    await send("PATCH", "/app/acme", { name: "Renamed", metadata: { a: "b" } });
    await send("PATCH", "/app/acme/endpoint/main/headers", { headers: { "X-New": "2" }, deleteHeaders: ["X-Team"] });
    const changes = "~ application acme (name)\n~ endpoint acme/main (url, headers)\n";
    const dry = await apply(FILE, "--dry-run");
    expect(dry.stdout).toBe(`${changes}0 to create, 2 to update, 0 to delete, 4 unchanged\n`);
    expect((await apply(FILE)).stdout).toBe(`${changes}0 created, 2 updated, 0 deleted, 4 unchanged\n`);
    expect((await send("GET", "/app/acme")).json).toMatchObject({ name: "Acme", metadata: { a: "b" } });
    expect((await send("GET", "/app/acme/endpoint/main")).json).toMatchObject({
      ...{ url: "https://hook.example/main", timeoutMs: 5000 },
    });
    expect((await send("GET", "/app/acme/endpoint/main/headers")).json).toEqual({
      ...{ headers: { "X-Team": "1" }, sensitive: ["Authorization"] },
    });
  });

  test("apply writes a changed secret, counts it as an update, and never prints its value", async () => {
    const { command } = await emptyEnvironment();
    const run = (secret: string, ...flags: string[]) => command(["apply", "-", ...flags], FILE, { TOKEN: secret });
    await run("one");
    const dry = await run("a-second-secret", "--dry-run");
    expect(dry).toEqual({
      ...{ code: 0, stdout: "0 to create, 0 to update, 0 to delete, 6 unchanged\n" },
      stderr:
        "The server does not show these secrets, so only writing them shows whether they differ: source shop (config), endpoint acme/main (headers).\n",
    });
    const changed = await run("a-second-secret");
    expect(changed.stdout).toBe(
      "~ source shop (config)\n~ endpoint acme/main (headers)\n0 created, 2 updated, 0 deleted, 4 unchanged\n",
    );
    expect((await run("a-second-secret")).stdout).toBe("0 created, 0 updated, 0 deleted, 6 unchanged\n");
  });

  test("the password in the URL of a queue is applied, compared, exported as *** and kept", async () => {
    const { apply, command, send } = await emptyEnvironment();
    const source = (password: string) => ({
      sources: [
        { uid: "queue", name: "Queue", type: "sqs", config: { url: `sqs://KEY:${password}@eu-central-1/1/q` } },
      ],
    });
    expect((await apply(source("a-secret"))).stdout).toContain("1 created");
    expect((await apply(source("a-secret"))).stdout).toContain("0 updated, 0 deleted, 1 unchanged");
    expect((await apply(source("***"))).stdout).toContain("0 updated, 0 deleted, 1 unchanged");
    expect((await apply(source("other"))).stdout).toContain("1 updated");
    const { stdout } = await command(["export"]);
    expect(stdout).toContain("sqs://KEY:***@eu-central-1/1/q");
    expect((await apply(stdout)).stdout).toContain("0 created, 0 updated");
    await send("DELETE", "/ingest/api/v1/source/queue");
    const refused = await apply(source("***"));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("Write the password.")]);
  });

  test("export names the passwords and tokens in URLs that it does not show", async () => {
    const { apply, command } = await emptyEnvironment();
    const endpoints = [
      { uid: "password", url: "https://ann:a-secret@hook.example/" },
      { uid: "token", url: "nats://a-t0ken@hook.example/orders" },
    ];
    expect((await apply({ applications: [{ uid: "a", name: "A", endpoints }] })).stdout).toContain("3 created");
    const { stdout, stderr } = await command(["export"]);
    expect(stdout).not.toMatch(/a-secret|a-t0ken/);
    expect(stderr).toContain("endpoint a/password (url)");
    expect(stderr).toContain("endpoint a/token (url)");
  });

  test("apply compares the signing secret of an endpoint, and rotates it", async () => {
    const { apply, send } = await emptyEnvironment();
    const file = (secret: string) => ({
      applications: [{ uid: "a", name: "A", endpoints: [{ uid: "e", url: "https://hook.example/", secret }] }],
    });
    const [one, two] = ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_AAAVsBQIhrscChlQIMV+b5sSYspob7oD"] as const;
    await apply(file(one));
    expect((await apply(file(one), "--dry-run")).stdout).toBe("0 to create, 0 to update, 0 to delete, 2 unchanged\n");
    expect((await apply(file(two))).stdout).toStartWith("~ endpoint a/e (secret)\n");
    expect((await send("GET", "/app/a/endpoint/e/secret")).json).toEqual({ key: two });
  });

  test("apply --json prints one object with the changes and their counts", async () => {
    const { apply } = await emptyEnvironment();
    await apply(FILE);
    const { code, stdout } = await apply(FILE.replace("name: Acme", "name: New"), "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      changes: [{ action: "update", kind: "application", id: "acme", fields: ["name"] }],
      ...{ created: 0, updated: 1, deleted: 0, unchanged: 5, dryRun: false },
    });
  });

  test("apply deletes only with --prune, and only from the lists that the file has", async () => {
    const { apply, send } = await emptyEnvironment();
    await apply(FILE);
    await send("POST", "/app", { name: "Other", uid: "other" });
    await send("POST", "/app/other/endpoint", { url: "https://hook.example/", uid: "e" });
    await send("POST", "/app/acme/endpoint", { url: "https://hook.example/extra" });
    await send("POST", "/event-type", { name: "old", description: "" });
    const file = { applications: [{ uid: "acme", endpoints: [{ uid: "main" }] }] };
    expect((await apply(file)).stdout).toBe("0 created, 0 updated, 0 deleted, 2 unchanged\n");
    const [{ id }] = (await send("GET", "/app/acme/endpoint")).json.data;
    const pruned = await apply(file, "--prune");
    expect(pruned.stdout).toBe(
      `- endpoint acme/_${id}\n- application other\n0 created, 0 updated, 2 deleted, 2 unchanged\n`,
    );
    expect((await send("GET", "/app/other")).status).toBe(404);
    expect((await send("GET", "/event-type/old")).status).toBe(200);
    expect((await apply({ applications: [{ uid: "acme" }] }, "--prune")).stdout).toEndWith("0 deleted, 1 unchanged\n");
    const all = await apply({ eventTypes: [], applications: [], sources: [], payloadVersions: [] }, "--prune");
    expect(all.stdout).toBe(
      `- application acme\n- source shop\n- payload-version 2026-01-01\n- event-type old\n- event-type user.signup\n0 created, 0 updated, 5 deleted, 0 unchanged\n`,
    );
    expect((await send("GET", "/event-type/old")).status).toBe(404);
  });

  test("apply finds a thing without a uid by _ and its id, and gives it no uid", async () => {
    const { apply, send } = await emptyEnvironment();
    const { json: app } = await send("POST", "/app", { name: "A" });
    const { json: endpoint } = await send("POST", `/app/${app.id}/endpoint`, { url: "https://hook.example/" });
    const endpoints = [{ uid: `_${endpoint.id}`, description: "New" }];
    const { stdout } = await apply({ applications: [{ uid: `_${app.id}`, name: "A", endpoints }] }, "--prune");
    expect(stdout).toBe(
      `~ endpoint _${app.id}/_${endpoint.id} (description)\n0 created, 1 updated, 0 deleted, 1 unchanged\n`,
    );
    expect((await send("GET", `/app/${app.id}/endpoint/${endpoint.id}`)).json).toMatchObject({
      ...{ uid: null, description: "New" },
    });
  });

  test("apply changes nothing and exits with 2 if the file is invalid", async () => {
    const { command, apply, send } = await emptyEnvironment();
    await writeFile(join(directory, "wrong.yaml"), `${FILE}\n  - version: 5\n`);
    const wrong = await command(["apply", "wrong.yaml"], "", { TOKEN: "x" });
    expect(wrong).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^wrong\.yaml:\d+:\d+: /) });
    await writeFile(join(directory, "unset.yaml"), FILE);
    const unset = await command(["apply", "unset.yaml"]);
    expect([unset.code, unset.stderr.split("\n")[0]]).toEqual([
      2,
      "unset.yaml:12:32: applications[0].endpoints[0].headers.Authorization: The environment variable TOKEN is not set. Set it, or write $${TOKEN} for the text itself.",
    ]);
    const none = await command(["apply", "none.yaml"]);
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringMatching(/^The file none\.yaml cannot be read \(.*\)\.\n$/),
    ]);
    await writeFile(join(directory, "latin.yaml"), Buffer.from("eventTypes: [{name: a, description: \xe9}]", "latin1"));
    expect(await command(["apply", "latin.yaml"])).toEqual({
      ...{ code: 2, stdout: "", stderr: "The content of latin.yaml is not valid UTF-8.\n" },
    });
    const cases: readonly (readonly [file: object, message: string])[] = [
      [
        { applications: [{ uid: "a" }] },
        "stdin:1:18: applications[0]: The application a does not exist. To create it, `name` is needed.",
      ],
      [
        {
          applications: [
            { uid: "a", name: "A", endpoints: [{ uid: "e", url: "https://hook.example/", eventTypes: ["b"] }] },
          ],
        },
        "The event type b does not exist.",
      ],
      [
        {
          applications: [
            { uid: "a", name: "A", endpoints: [{ uid: "e", url: "https://hook.example/", apiVersion: "9" }] },
          ],
        },
        "The payload version 9 does not exist.",
      ],
      [
        { sources: [{ uid: "s", name: "S", type: "stripe", config: { secret: "[set]" } }] },
        "[set] stands for a stored secret, but the source s does not exist. Write the secret.",
      ],
      [
        { applications: [{ uid: "a", name: "A", endpoints: [{ uid: "e", url: "https://u:***@hook.example/" }] }] },
        "*** stands for a stored password, but the endpoint e does not exist. Write the password.",
      ],
    ];
    for (const [file, message] of cases) {
      const { code, stdout, stderr } = await apply(file);
      expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
    }
    expect((await send("GET", "/app")).json.data).toEqual([]);
    expect((await send("GET", "/event-type")).json.data).toEqual([]);
  });

  test("apply reports a change that the server refuses with its line, and a second run makes the rest", async () => {
    const { apply, send } = await emptyEnvironment();
    const endpoints = Array.from({ length: 22 }, (_, i) => ({ uid: `e${i}`, url: `https://hook.example/${i}` }));
    const file = JSON.stringify({ applications: [{ uid: "full", name: "Full", endpoints }] }, null, 1);
    const first = await apply(file);
    expect(first.code).toBe(1);
    expect(first.stderr).toMatch(
      /^stdin:\d+: endpoint full\/e\d+: The server responded with 403: The application already has 20 endpoints.* 21 changes were made before\. Correct this and apply the file again\.\n$/,
    );
    expect(first.stdout.trimEnd().split("\n")).toHaveLength(21);
    for (const uid of ["e0", "e1"]) await send("DELETE", `/app/full/endpoint/${uid}`);
    const rest = await apply({ applications: [{ uid: "full", name: "Full", endpoints: endpoints.slice(2) }] });
    expect(rest.code).toBe(0);
    expect(rest.stdout).toMatch(/ created, 0 updated, 0 deleted, \d+ unchanged\n$/);
  });

  test("apply exits with 1 if the token lacks the right or the server does not respond", async () => {
    const { command, send } = await emptyEnvironment();
    const refused = async (env: Readonly<Record<string, string>>) => {
      const { code, stdout, stderr } = await command(["apply", "-"], FILE, { TOKEN: "x", ...env });
      expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ code: 1, stdout: "", lines: 1 });
      return stderr;
    };
    await send("POST", "/app", { name: "A", uid: "a" });
    const readOnly = await server.createToken("--read-only");
    const { token } = (await send("POST", "/auth/app-portal-access/a", {})).json;
    expect(await refused({ BOATHOOK_TOKEN: token, BOATHOOK_ENVIRONMENT: "" })).toContain("403");
    expect(await refused({ BOATHOOK_TOKEN: "bhk_wrong" })).toContain("does not accept the token in BOATHOOK_TOKEN");
    expect(await refused({ BOATHOOK_TOKEN: readOnly, BOATHOOK_ENVIRONMENT: "" })).toContain("403");
    expect(await refused({ BOATHOOK_SERVER: "http://127.0.0.1:1" })).toContain("cannot be reached");
    expect(await refused({ BOATHOOK_ENVIRONMENT: "nowhere" })).toContain("nowhere");
  });
});

describe("boathook export", () => {
  test("export is sorted and has no secrets, except signing secrets with --with-secrets", async () => {
    const { command, apply, send } = await emptyEnvironment();
    await apply(FILE);
    const { stdout, stderr, code } = await command(["export"]);
    expect(code).toBe(0);
    expect(stdout).toBe(`eventTypes:
  - name: user.signup
    description: A user has signed up.
payloadVersions:
  - version: 2026-01-01
    description: First
applications:
  - uid: acme
    name: Acme
    endpoints:
      - uid: main
        url: https://hook.example/main
        eventTypes:
          - user.signup
        apiVersion: 2026-01-01
        headers:
          X-Team: "1"
          Authorization: "[set]"
        transformation:
          code: function handler(webhook) { return webhook; }
          enabled: true
sources:
  - uid: shop
    name: Shop
    type: stripe
    config:
      secret: "[set]"
    endpoints:
      - uid: own
        url: https://hook.example/shop
        apiVersion: 2026-01-01
`);
    expect(stderr).toBe(
      "The server does not show these secrets; another server needs them in the file: endpoint acme/main (headers), source shop (config).\n",
    );
    const { key } = (await send("GET", "/app/acme/endpoint/main/secret")).json;
    const secret = await command(["export", "--with-secrets", "--json"]);
    expect(JSON.parse(secret.stdout).applications[0].endpoints[0]).toMatchObject({ uid: "main", secret: key });
    expect((await apply(stdout, "--prune")).stdout).toBe("0 created, 0 updated, 0 deleted, 6 unchanged\n");
  });
});
