import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { LANGUAGES, verification } from "../../../web/admin/messages/verification.ts";
import { temporaryDirectory } from "../../support/temporary.ts";

const SECRET = `whsec_${Buffer.from("a secret of the test of programs").toString("base64")}`;
const ID = "msg_0KfxFXFUH4hEMq0Y8gpRxcT2bSr";
const AT = 1_700_000_000;
const BODY = '{"text":"quote \\" \\\\ `tick` $(x) é \u2028 😀","big":12345678901234567890}\n';

const signed = (body: string) => ({
  id: ID,
  timestampSeconds: AT,
  signature: `v1,old ${new Webhook(SECRET).sign(ID, new Date(AT * 1000), body)}`,
});

async function run(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, env: { ...process.env, WEBHOOK_SECRET: SECRET }, stderr: "pipe" });
  const [out, problem] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return (out + problem).trim();
}

describe("the program that checks a signature", () => {
  const files = join(import.meta.dir, "../../..");
  const asBytes = (text: string) => new TextEncoder().encode(text);

  test("the program for Node accepts the signature of the exact body, and rejects that of another body", async () => {
    using directory = temporaryDirectory();
    await Bun.$`ln -s ${join(files, "node_modules")} ${directory.file("node_modules")}`.quiet();
    for (const [body, result] of [
      [BODY, "valid"],
      [BODY.replace("é", "e"), "not valid"],
    ] as const) {
      const program = verification("node", signed(BODY), asBytes(body));
      await Bun.write(directory.file("check.mjs"), program);
      expect(await run([process.execPath, "check.mjs"], directory.file("."))).toStartWith(result);
    }
  });

  test("a long or binary body is read from a file, byte for byte", async () => {
    using directory = temporaryDirectory();
    await Bun.$`ln -s ${join(files, "node_modules")} ${directory.file("node_modules")}`.quiet();
    const body = `"${"é".repeat(10_000)}"`;
    const program = verification("node", signed(body), asBytes(body));
    expect(program).toContain("payload.bin");
    await Bun.write(directory.file("payload.bin"), body);
    await Bun.write(directory.file("check.mjs"), program);
    expect(await run([process.execPath, "check.mjs"], directory.file("."))).toBe("valid");
    for (const { value } of LANGUAGES) {
      expect(verification(value, signed(body), new Uint8Array([0, 255]))).toContain("payload.bin");
    }
  });

  test("every program contains the id, the timestamp and the signature, and no secret", () => {
    for (const { value } of LANGUAGES) {
      const program = verification(value, signed(BODY), asBytes(BODY));
      for (const part of [ID, String(AT), signed(BODY).signature, JSON.stringify(BODY), "WEBHOOK_SECRET"]) {
        expect(program).toContain(part);
      }
      expect(verification(value, { ...signed(BODY), signature: null }, null)).toContain("PASTE THE HEADER");
    }
  });
});
