import { describe, expect, test } from "bun:test";
import { bodyBudget, bodyLease, readBody } from "../../../src/api/http/body.ts";
import { ByteBudget } from "../../../src/api/http/byte-budget.ts";
import { inPieces } from "../../../src/api/http/piecewise.ts";

const MIB = 1024 * 1024;
const overloaded = expect.objectContaining({ status: 503, code: "overloaded" });

describe("the memory for requests and responses", () => {
  test("a lease cannot exceed the budget shared by all callers until another lease ends", () => {
    const budget = new ByteBudget({ bytesMax: 100, callerBytesMax: 60 });
    const [first, second] = [budget.lease("a"), budget.lease("b")];
    first.grow(60);
    expect(() => second.grow(41)).toThrow(overloaded);
    second.grow(40);
    first.end();
    first.end();
    second.grow(20);
  });

  test("a caller cannot use more than its share, which leaves memory for other callers", () => {
    const budget = new ByteBudget({ bytesMax: 100, callerBytesMax: 60 });
    budget.lease("a").grow(60);
    expect(() => budget.lease("a").grow(1)).toThrow(overloaded);
    budget.lease("b").grow(40);
  });

  test("a small body of known length needs no lease, but a body of unknown length does", () => {
    const budget = bodyBudget({ maxBodyBytes: MIB });
    const request = (headers: Record<string, string>) => new Request("http://a/", { method: "POST", headers });
    expect(bodyLease(request({ "content-length": "16384" }), budget, "a")).toBeNull();
    expect(bodyLease(request({ "content-length": "16385" }), budget, "a")).not.toBeNull();
    expect(bodyLease(request({}), budget, "a")).not.toBeNull();
  });

  test("a body of unknown length is refused as soon as the budget is used up", async () => {
    const lease = new ByteBudget({ bytesMax: 2000, callerBytesMax: 2000 }).lease("a");
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const request = new Request("http://a/", { method: "POST", body });
    await expect(readBody(request, MIB, lease)).rejects.toThrow(overloaded);
    expect(sent).toBeLessThan(10);
  });

  test("the budget has room for a body of the maximum size, even if that size is very large", () => {
    const maxBodyBytes = 256 * MIB;
    bodyBudget({ maxBodyBytes }).lease("a").grow(maxBodyBytes);
  });
});

describe("a streamed response", () => {
  const lease = () => {
    const budget = new ByteBudget({ bytesMax: 10, callerBytesMax: 10 });
    const held = budget.lease("a");
    held.grow(10);
    const isFree = () => {
      const probe = budget.lease("b");
      try {
        probe.grow(10);
      } catch {
        return false;
      }
      probe.end();
      return true;
    };
    return { held, isFree };
  };

  test("a streamed response contains the whole text, even if a character spans two chunks", async () => {
    for (const prefix of ["", "x"]) {
      const text = prefix + "😀é".repeat(100_000);
      expect(await new Response(inPieces(text, lease().held)).text()).toBe(text);
    }
  });

  test("a streamed response is encoded only as the client reads it, and its memory is freed at the end", async () => {
    const { held, isFree } = lease();
    const reader = inPieces("x".repeat(200_000), held).getReader();
    expect((await reader.read()).value!.length).toBe(65_536);
    expect(isFree()).toBe(false);
    while (!(await reader.read()).done);
    expect(isFree()).toBe(true);
  });

  test("the memory of a streamed response is freed when the client disconnects", async () => {
    const { held, isFree } = lease();
    const reader = inPieces("x".repeat(200_000), held).getReader();
    await reader.read();
    await reader.cancel();
    expect(isFree()).toBe(true);
  });
});
