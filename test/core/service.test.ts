import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { OneLife, type Service, ServiceStack } from "../../src/core/service.ts";

/**
 * A service that records its calls. Each call takes the given number of turns of the event loop.
 */
class Recorded extends OneLife {
  constructor(
    private readonly name: string,
    private readonly log: string[],
    private readonly options: { readonly turns?: number; readonly fails?: boolean } = {},
  ) {
    super();
  }

  protected async begin(): Promise<void> {
    this.log.push(`begin ${this.name}`);
    await turns(this.options.turns ?? 0);
    if (this.options.fails) throw new Error(`${this.name} cannot start`);
    this.log.push(`began ${this.name}`);
  }

  protected async end(): Promise<void> {
    this.log.push(`end ${this.name}`);
    await turns(this.options.turns ?? 0);
    this.log.push(`ended ${this.name}`);
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe("service", () => {
  test("overlapping calls start a service only once and stop it only once", async () => {
    const calls = fc.array(fc.record({ call: fc.constantFrom("start", "stop"), after: fc.nat(3) }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(calls, fc.nat(3), async (plan, slowness) => {
        const log: string[] = [];
        const service = new Recorded("a", log, { turns: slowness });
        const running: Promise<void>[] = [];
        for (const { call, after } of plan) {
          await turns(after);
          running.push(call === "start" ? service.start() : service.stop());
        }
        await Promise.all(running);
        await service.stop();
        const begins = plan.findIndex(({ call }) => call === "start");
        const stops = plan.findIndex(({ call }) => call === "stop");
        const isStarted = begins >= 0 && (stops < 0 || begins < stops);
        expect(log).toEqual(isStarted ? ["begin a", "began a", "end a", "ended a"] : []);
      }),
    );
  });

  test("a service that fails to start can still be stopped, and every call of `start` rejects", async () => {
    const log: string[] = [];
    const service = new Recorded("a", log, { fails: true });
    await expect(service.start()).rejects.toThrow("a cannot start");
    await expect(service.start()).rejects.toThrow("a cannot start");
    await service.stop();
    expect(log).toEqual(["begin a", "end a", "ended a"]);
  });

  test("every call of `stop` waits until the service has stopped", async () => {
    const log: string[] = [];
    const service = new Recorded("a", log, { turns: 3 });
    await service.start();
    void service.stop();
    await service.stop();
    expect(log.at(-1)).toBe("ended a");
  });
});

describe("service stack", () => {
  test("a service stack starts services in order and stops them in reverse", async () => {
    const log: string[] = [];
    const stack = new ServiceStack(["a", "b", "c"].map((name) => new Recorded(name, log, { turns: 2 })));
    await stack.start();
    await stack.stop();
    const steps = (verb: string, names: string) => [...names].flatMap((name) => [`${verb} ${name}`, past(verb, name)]);
    expect(log).toEqual([...steps("begin", "abc"), ...steps("end", "cba")]);
  });

  test("if a service cannot start, a service stack stops those that have started and throws that service's error", async () => {
    const log: string[] = [];
    const services = [
      new Recorded("a", log),
      new Recorded("b", log),
      new Recorded("c", log, { fails: true }),
      new Recorded("d", log),
    ];
    const stack = new ServiceStack(services);
    await expect(stack.start()).rejects.toThrow("c cannot start");
    expect(log.filter((line) => line.startsWith("end "))).toEqual(["end c", "end b", "end a"]);
    await stack.stop();
    expect(log.join()).not.toContain("begin d");
  });

  test("a service stack stops all services even if one cannot stop, and then throws that service's error", async () => {
    const log: string[] = [];
    const broken: Service = { start: async () => {}, stop: () => Promise.reject(new Error("stuck")) };
    const stack = new ServiceStack([new Recorded("a", log), broken, new Recorded("c", log)]);
    await stack.start();
    await expect(stack.stop()).rejects.toThrow("stuck");
    expect(log.slice(-4)).toEqual(["end c", "ended c", "end a", "ended a"]);
  });

  test("a service stack that is stopped during its start does not start the remaining services", async () => {
    const log: string[] = [];
    const stack = new ServiceStack([new Recorded("a", log, { turns: 3 }), new Recorded("b", log)]);
    const starting = stack.start();
    await turns(1);
    const stopping = stack.stop();
    await Promise.all([starting, stopping]);
    expect(log).toEqual(["begin a", "began a", "end a", "ended a"]);
  });
});

function past(verb: string, name: string): string {
  return verb === "begin" ? `began ${name}` : `ended ${name}`;
}
