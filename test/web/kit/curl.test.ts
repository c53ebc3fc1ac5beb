import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CurlRequest, curlCommand } from "../../../web/kit/curl.ts";
import { hostileTexts } from "../../support/hostile-texts.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const plain: CurlRequest = {
  method: "POST",
  url: "https://example.com/in/token",
  path: "/",
  headers: { "content-type": "application/json" },
  body: bytes("{}"),
};

/** Runs a command in a shell in which curl prints its arguments and its input. */
async function run(command: string): Promise<{ args: string[]; input: Uint8Array }> {
  const curl = `curl() { printf '%s\\0' "$@"; printf '\\0'; case "$*" in *--data-binary*) cat;; esac; }`;
  const child = Bun.spawn(["sh", "-c", `${curl}\n${command}`], { stdin: "ignore", stdout: "pipe" });
  const out = Buffer.from(await new Response(child.stdout).arrayBuffer());
  expect(await child.exited).toBe(0);
  const end = out.indexOf("\0\0");
  return { args: out.subarray(0, end).toString().split("\0"), input: new Uint8Array(out.subarray(end + 2)) };
}

describe.skipIf(process.platform === "win32")("the curl command of a request", () => {
  test("it has the method, the URL with the path, the headers and the body", async () => {
    const { args } = await run(curlCommand({ ...plain, path: "/hooks?a=%20b", body: bytes('{"it":"\'s"}\n@x') }));
    expect(args).toEqual([
      ...["--request", "POST", "--globoff", "--path-as-is", "--url", "https://example.com/in/token/hooks?a=%20b"],
      ...["--header", "content-type: application/json", "--data-raw", '{"it":"\'s"}\n@x'],
    ]);
  });

  test("headers of the connection and redacted secrets are left out, and no content type is invented", async () => {
    const headers = { host: "x", connection: "close", "content-length": "2", "x-token": "[redacted]", "x-empty": "" };
    const { args } = await run(curlCommand({ ...plain, headers }));
    expect(args.slice(6)).toEqual(["--header", "x-empty;", "--header", "Content-Type:", "--data-raw", "{}"]);
  });

  test("a request without a body sends none", async () => {
    const command = curlCommand({ ...plain, method: "GET", headers: {}, body: bytes("") });
    expect((await run(command)).args.slice(0, 2)).toEqual(["--request", "GET"]);
    expect(command).not.toContain("--data");
    expect(curlCommand({ ...plain, method: "HEAD" })).toStartWith("curl --head ");
  });

  test("any bytes reach curl unchanged", async () => {
    const samples = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), { numRuns: 10, seed: 7 });
    const others = [bytes("a\rb"), bytes("a\tb"), bytes("\x1b[201~rm -rf ~\n"), new Uint8Array(70_000).fill(65)];
    for (const body of [...samples, ...others].map((one) => new Uint8Array(one))) {
      const { args, input } = await run(curlCommand({ ...plain, body }));
      const at = args.indexOf("--data-raw");
      expect(at < 0 ? input : bytes(args[at + 1]!)).toEqual(body);
    }
  });

  test("no part of a request can run a command or add an argument", async () => {
    const evil = [...hostileTexts, "'; touch /tmp/owned; '", "$(touch /tmp/owned)", "`id`", "a' --output x '", "\\'"];
    for (const text of evil) {
      const header = text.replace(/[^\x20-\x7e]/g, "");
      const { args } = await run(
        curlCommand({ ...plain, method: text, path: `/${text}`, headers: { "x-a": header }, body: bytes(`${text}\n`) }),
      );
      expect(args).toEqual([
        ...["--request", text, "--globoff", "--path-as-is", "--url", `${plain.url}/${text}`],
        ...["--header", `x-a: ${header}`, "--header", "Content-Type:", "--data-raw", `${text}\n`],
      ]);
    }
  });

  test("no command contains a control character other than a line break", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (body, value) => {
        const command = curlCommand({ ...plain, headers: { "x-a": value }, body: new Uint8Array(body) });
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
        expect(command).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f]/);
      }),
    );
  });
});
