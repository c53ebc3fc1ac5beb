import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { keptDirectory } from "../../scripts/test-servers/kept.ts";
import { executable, startBoathook } from "../support/binary.ts";
import { codeBlock, examples, masked, readReadme, runExample } from "../support/readme.ts";
import { temporaryDirectory } from "../support/temporary.ts";

interface ShownRequest {
  /** Headers by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Returns the request that the README shows. Parts that differ between runs are masked. */
function shownRequest(readme: string): ShownRequest {
  const [head, body] = codeBlock(readme, "delivered request").trimEnd().split("\n\n");
  const fields = head!
    .split("\n")
    .slice(1)
    .map((line) => line.split(": ") as [string, string]);
  return { headers: maskedHeaders(fields), body: body! };
}

async function arrivedRequest(url: string, token: string): Promise<ShownRequest> {
  const response = await fetch(`${url}/api/v1/inbox/first-steps`, { headers: { authorization: `Bearer ${token}` } });
  const { data } = (await response.json()) as { data: [ShownRequest] };
  return { headers: maskedHeaders(Object.entries(data[0].headers)), body: data[0].body };
}

function maskedHeaders(fields: readonly (readonly [string, string])[]): Record<string, string> {
  const mask = (text: string) =>
    masked(text)
      .replace(/^v1,[\w+/]{43}=$/, "SIGNATURE")
      .replace(/^\d{10}$/, "SECONDS");
  return Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), mask(value)]));
}

test("the README's commands for a first webhook print the output shown there, and the webhook arrives", async () => {
  using directory = temporaryDirectory();
  const token = "root-token-of-the-readme-0123456789";
  const server = await startBoathook(executable(), join(directory.path, "data"), [], {
    env: { BOATHOOK_ROOT_TOKEN: token },
  });
  try {
    const readme = await readReadme();
    const steps = examples(readme, "first webhook");
    expect(steps).toHaveLength(3);
    for (const { command, output } of steps) {
      expect(masked(await runExample(command, { BOATHOOK: server.url, TOKEN: token }))).toBe(masked(output));
    }
    const arrival = await server.logged((line) => line.inbox === "first-steps");
    expect(arrival.bytes).toBe('{"amount": 12.00}'.length);
    expect(await arrivedRequest(server.url, token)).toEqual(shownRequest(readme));
  } finally {
    await server.stop();
  }
});

/** A delivery as its receiver gets it. */
interface Arrived {
  readonly secret: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Language {
  readonly name: string;
  /** A program that must be on the PATH. */
  readonly needs: string;
  /**
   * Returns a program that contains the README's code. The program reads an `Arrived` from stdin
   * and exits with 0 if it verifies, otherwise with 1.
   */
  program(code: string): { readonly file: string; readonly text: string };
  command(file: string): readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    name: "node",
    needs: "node",
    program: (code) => ({
      file: "verify.mjs",
      text: `import { readFileSync } from "node:fs";\n${code}
const { secret, headers, body } = JSON.parse(readFileSync(0, "utf8"));
try { verify(secret, headers, Buffer.from(body)); } catch { process.exit(1); }`,
    }),
    command: (file) => ["node", file],
  },
  {
    name: "python",
    needs: "python3",
    program: (code) => ({
      file: "verify.py",
      text: `import json, sys\n${code}
given = json.load(sys.stdin)
try:
    verify(given["secret"], given["headers"], given["body"].encode())
except ValueError:
    sys.exit(1)`,
    }),
    command: (file) => ["python3", file],
  },
  {
    name: "go",
    needs: "go",
    program: (code) => ({
      file: "verify.go",
      text: `${code.replace("package webhook", "package main").replace("import (", 'import (\n"encoding/json"\n"os"')}
func main() {
	var given struct { Secret string; Headers map[string]string; Body string }
	if json.NewDecoder(os.Stdin).Decode(&given) != nil { os.Exit(2) }
	header := http.Header{}
	for name, value := range given.Headers { header.Set(name, value) }
	if Verify(given.Secret, header, []byte(given.Body)) != nil { os.Exit(1) }
}`,
    }),
    command: (file) => ["go", "run", file],
  },
];

/** Go needs 36 s of CPU time for its standard library, which a busy machine gives it only in minutes. */
const COMPILING_MS = 300_000;

/** Kept between runs, so that Go compiles its standard library once. */
const GOCACHE = process.env.GOCACHE ?? keptDirectory("go-cache");

/** Sends a message to the built-in inbox and returns what arrived there. */
async function deliver(url: string, token: string): Promise<Arrived> {
  const call = async (path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${url}/api/v1${path}`, {
      headers,
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    return (await response.json()) as never;
  };
  await call("/app", { name: "Acme", uid: "acme" });
  const endpoint: { id: string } = await call("/app/acme/endpoint", { url: `${url}/inbox/verification` });
  const { key: secret }: { key: string } = await call(`/app/acme/endpoint/${endpoint.id}/secret`);
  await call("/app/acme/msg", { eventType: "invoice.paid", payload: { name: "Zoë", amount: 12 } });
  for (let tries = 0; tries < 200; tries++) {
    const { data }: { data: Omit<Arrived, "secret">[] } = await call("/inbox/verification");
    if (data[0] !== undefined) return { secret, headers: data[0].headers, body: data[0].body };
    await Bun.sleep(50);
  }
  throw new Error("nothing arrived at the inbox within ten seconds");
}

describe("the code of the README that verifies a webhook", () => {
  let arrived: Arrived;
  let server: Awaited<ReturnType<typeof startBoathook>>;
  const home = temporaryDirectory();
  const token = "root-token-of-the-readme-0123456789";

  beforeAll(async () => {
    const env = { BOATHOOK_ROOT_TOKEN: token };
    server = await startBoathook(executable(), join(home.path, "data"), [], { env });
    arrived = await deliver(server.url, token);
  });

  afterAll(async () => {
    await server.stop();
    home[Symbol.dispose]();
  });

  for (const language of LANGUAGES) {
    test.if(Bun.which(language.needs) !== null)(
      `the README's verification in ${language.name} accepts a delivery and rejects another body, secret, id or time`,
      async () => {
        using directory = temporaryDirectory();
        const code = codeBlock(await readReadme(), `verify ${language.name}`);
        const { file, text } = language.program(code);
        await Bun.write(directory.file(file), text);
        const verify = async (given: Arrived) => {
          const child = Bun.spawn([...language.command(directory.file(file))], {
            stdin: new Blob([JSON.stringify(given)]),
            stderr: "pipe",
            env: { ...process.env, GOFLAGS: "-mod=mod", GOCACHE },
          });
          const problems = await new Response(child.stderr).text();
          const exitCode = await child.exited;
          if (exitCode > 1 || /error:|SyntaxError/.test(problems)) throw new Error(problems);
          return exitCode === 0;
        };
        const { headers } = arrived;
        const forged: readonly Arrived[] = [
          { ...arrived, body: `${arrived.body} ` },
          { ...arrived, secret: `whsec_${Buffer.alloc(24).toString("base64")}` },
          { ...arrived, headers: { ...headers, "webhook-id": "msg_other" } },
          {
            ...arrived,
            headers: { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 3600) },
          },
        ];
        expect(await verify(arrived)).toBe(true);
        expect(await Promise.all(forged.map(verify))).toEqual(forged.map(() => false));
      },
      COMPILING_MS,
    );
  }
});
