import { describe, expect, test } from "bun:test";
import { bodyLease, framingOf, readBody, smallBodyDeadline } from "../../../src/api/http/body.ts";
import { anonymous, ByteBudget, type Caller, callerOf } from "../../../src/api/http/byte-budget.ts";
import { errorReply } from "../../../src/api/http/errors.ts";
import { inPieces } from "../../../src/api/http/piecewise.ts";
import { anybody, type Identity } from "../../../src/api/identity/identity.ts";
import { silentLog } from "../../../src/telemetry/log.ts";

const MIB = 1024 * 1024;
const overloaded = expect.objectContaining({ status: 503, code: "overloaded" });
const application = (key: string): Caller => ({ kind: "application", key });
const environment = (key: string): Caller => ({ kind: "environment", key });

class ManualTimer {
  readonly delays: number[] = [];
  #task = () => {};

  after(delayMs: number, task: () => void): () => void {
    this.delays.push(delayMs);
    this.#task = task;
    return () => {};
  }

  fire(): void {
    this.#task();
  }
}

describe("the memory for requests and responses", () => {
  test("a lease cannot exceed the budget shared by all callers until another lease ends", () => {
    const budget = new ByteBudget(100);
    const [first, second, third] = ["a", "b", "c"].map((key) => budget.lease(environment(key)));
    first!.grow(50);
    second!.grow(40);
    expect(() => third!.grow(11)).toThrow(overloaded);
    third!.grow(10);
    first!.end();
    first!.end();
    third!.grow(40);
  });

  test("one application cannot use more than a quarter of the budget", () => {
    const budget = new ByteBudget(100);
    budget.lease(application("a")).grow(25);
    expect(() => budget.lease(application("a")).grow(1)).toThrow(overloaded);
    budget.lease(application("b")).grow(25);
  });

  test("applications and callers without a token leave a quarter of the budget to environment tokens", () => {
    const budget = new ByteBudget(100);
    budget.lease(application("a")).grow(25);
    budget.lease(application("b")).grow(25);
    expect(() => budget.lease(application("c")).grow(1)).toThrow(overloaded);
    budget.lease(anonymous).grow(25);
    expect(() => budget.lease(anonymous).grow(1)).toThrow(overloaded);
    budget.lease(environment("a")).grow(25);
  });

  test("all tokens of an application are one caller, and so are all tokens of an environment", () => {
    const token = (seq: number, applicationSeq: number | null): Identity => ({
      ...anybody,
      caller: `tok_${seq}`,
      credential: { kind: "token", seq, name: "" },
      environmentSeq: 7,
      applicationSeq,
    });
    expect(callerOf(token(1, 3))).toEqual(callerOf(token(2, 3)));
    expect(callerOf(token(1, 3))).not.toEqual(callerOf(token(1, 4)));
    expect(callerOf(token(1, null))).toEqual(callerOf(token(2, null)));
    expect(callerOf({ ...token(1, null), root: true })).not.toEqual(callerOf(token(1, null)));
    expect(callerOf(anybody)).toEqual(anonymous);
  });

  test("a small body of known length needs no lease, but a body of unknown length does", () => {
    const budget = new ByteBudget(MIB);
    const request = (headers: Record<string, string>) => new Request("http://a/", { method: "POST", headers });
    expect(bodyLease(framingOf(request({ "content-length": "16384" })), budget, anonymous)).toBeNull();
    expect(bodyLease(framingOf(request({ "content-length": "16385" })), budget, anonymous)).not.toBeNull();
    expect(bodyLease(framingOf(request({})), budget, anonymous)).not.toBeNull();
  });

  test("a body of unknown length is refused as soon as the budget is used up", async () => {
    const lease = new ByteBudget(4000).lease(environment("a"));
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent++;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const request = new Request("http://a/", { method: "POST", body });
    const clock = new ManualTimer();
    const reading = readBody(request, {
      framing: framingOf(request),
      bytesMax: MIB,
      lease,
      clock,
      smallBodies: smallBodyDeadline(clock),
    });
    await expect(reading).rejects.toThrow(overloaded);
    expect(sent).toBeLessThan(10);
  });

  test("a large body that does not arrive in time gets 408, and its connection is closed", async () => {
    for (const headers of [{ "content-length": String(MIB) }, {}] as Record<string, string>[]) {
      const clock = new ManualTimer();
      let isCancelled = false;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(new Uint8Array(1)),
        cancel: () => {
          isCancelled = true;
        },
      });
      const request = new Request("http://a/", { method: "POST", headers, body });
      const lease = new ByteBudget(8 * MIB).lease(application("a"));
      const smallBodies = smallBodyDeadline(new ManualTimer());
      const reading = readBody(request, {
        framing: framingOf(request),
        bytesMax: MIB,
        lease,
        clock,
        smallBodies,
      }).catch((error) => error);
      expect(clock.delays).toEqual([30_000 + 16 * 1000]);
      clock.fire();
      const error = await reading;
      expect(error).toMatchObject({ status: 408, code: "request_timeout" });
      expect(errorReply(error, silentLog).headers).toEqual({ connection: "close" });
      if (headers["content-length"] === undefined) expect(isCancelled).toBe(true);
    }
  });

  test("a small body that does not arrive in 30 to 60 seconds gets 408, and a body that arrives sooner is read", async () => {
    const clock = new ManualTimer();
    const smallBodies = smallBodyDeadline(clock);
    const read = (start: (controller: ReadableStreamDefaultController<Uint8Array>) => void) => {
      const headers = { "content-length": "3" };
      const request = new Request("http://a/", { method: "POST", headers, body: new ReadableStream({ start }) });
      return readBody(request, { framing: framingOf(request), bytesMax: MIB, lease: null, clock, smallBodies }).catch(
        (error) => error,
      );
    };
    let finish = () => {};
    const late = read((controller) => {
      controller.enqueue(new Uint8Array(2));
      finish = () => {
        controller.enqueue(new Uint8Array(1));
        controller.close();
      };
    });
    const endless = read((controller) => controller.enqueue(new Uint8Array(2)));
    clock.fire();
    expect(await Promise.race([late, endless, Promise.resolve("pending")])).toBe("pending");
    finish();
    expect(await late).toEqual(new Uint8Array(3));
    const young = read((controller) => controller.enqueue(new Uint8Array(2)));
    clock.fire();
    expect(await endless).toMatchObject({ status: 408, code: "request_timeout" });
    expect(await Promise.race([young, Promise.resolve("pending")])).toBe("pending");
    clock.fire();
    expect(await young).toMatchObject({ status: 408 });
    // One timer served them all, and no timer runs while no body is awaited.
    expect(clock.delays).toEqual([30_000, 30_000, 30_000]);
  });

  test("the budget has room for two bodies of the maximum size, even if that size is very large", () => {
    const maxBodyBytes = 256 * MIB;
    ByteBudget.for({ maxBodyBytes })
      .lease(application("a"))
      .grow(2 * maxBodyBytes);
    ByteBudget.for({ maxBodyBytes })
      .lease(anonymous)
      .grow(2 * maxBodyBytes);
  });
});

describe("a streamed response", () => {
  const lease = () => {
    const budget = new ByteBudget(20);
    const held = budget.lease(environment("a"));
    held.grow(10);
    const isFree = () => {
      const probe = budget.lease(environment("a"));
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
