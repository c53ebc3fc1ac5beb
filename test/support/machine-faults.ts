import { readFileSync, renameSync } from "node:fs";
import { executable, type Program } from "./binary.ts";
import { makeApplication, type Send } from "./client.ts";
import { succeeds } from "./command.ts";
import { makeEndpoint, sendMessage, sendMessages, until } from "./delivery.ts";
import { canLimitFiles, limitFiles } from "./file-limit.ts";
import { install } from "./installation.ts";
import { startReceiver } from "./receiver.ts";
import { diskKinds } from "./small-disk.ts";
import { canTrace, delayCalls } from "./strace.ts";
import { temporaryDirectory } from "./temporary.ts";

/** A server of its own, to whose machine something can happen. */
export interface FaultyServer {
  readonly url: string;
  begin(): Promise<unknown>;
  end(): Promise<unknown>;
}

export interface MachineFault {
  /** The alerts that the fault causes. */
  readonly alerts: readonly string[];
  /** Whether the alerts end only some time after the fault. */
  readonly endsLate?: true;
  /** Returns whether this machine allows the fault. */
  isPossible(): boolean | Promise<boolean>;
  /** Starts the server. `stack` removes everything at the end. */
  open(stack: AsyncDisposableStack): Promise<FaultyServer>;
}

interface Repeated {
  /** Waits for the last run. */
  end(): Promise<void>;
}

/** Repeats work until its end, which `stack` brings about if nothing else does. */
export function repeated(stack: AsyncDisposableStack, work: () => Promise<unknown>, pauseMs: number): Repeated {
  let isActive = true;
  const running = (async () => {
    while (isActive) {
      await work();
      await Bun.sleep(pauseMs);
    }
  })();
  const end = () => {
    isActive = false;
    return running;
  };
  stack.defer(end);
  return { end };
}

/** Sends one message after another, whatever the responses are. */
function traffic(stack: AsyncDisposableStack, send: Send, app: string, { chars = 1, pauseMs = 100 } = {}) {
  const message = { eventType: "a", payload: { filler: "x".repeat(chars) } };
  return repeated(stack, () => send("POST", `/app/${app}/msg?with_content=false`, message), pauseMs);
}

const fullDisk: MachineFault = {
  alerts: ["BoathookStoreFailing", "BoathookApiErrors", "BoathookDiskAlmostFull", "BoathookDiskFillsUp"],
  isPossible() {
    using disk = diskKinds[0]!.open();
    return disk !== null;
  },
  async open(stack) {
    const disk = stack.use(diskKinds[0]!.open()!);
    const { send, url, process } = stack.use(await install([], disk));
    const app = await makeApplication(send);
    let messages: Repeated;
    return {
      url,
      async begin() {
        disk.fill(process.pid);
        // The write-ahead log may still have room for small messages.
        messages = traffic(stack, send, app, { chars: 200_000 });
      },
      async end() {
        await messages.end();
        disk.makeRoom(process.pid);
      },
    };
  },
};

const lostReplica: MachineFault = {
  alerts: ["BoathookReplicaFailing", "BoathookReplicaBehind"],
  isPossible: () => true,
  async open(stack) {
    const dir = stack.use(temporaryDirectory());
    const [replica, elsewhere] = [dir.file("replica"), dir.file("elsewhere")];
    const { send, url } = stack.use(await install([`--replica=${replica}`]));
    const app = await makeApplication(send);
    await until(
      () => send("GET", "/health"),
      ({ json }) => json.replica === "ok",
    );
    let messages: Repeated;
    return {
      url,
      async begin() {
        renameSync(replica, elsewhere);
        messages = traffic(stack, send, app);
      },
      async end() {
        await messages.end();
        renameSync(elsewhere, replica);
      },
    };
  },
};

const noOpenFiles: MachineFault = {
  alerts: ["BoathookShortage"],
  // A shortage has ended when no delivery had to wait for it for 15 seconds.
  endsLate: true,
  isPossible: () => canLimitFiles,
  async open(stack) {
    // The connection is not kept, so that every attempt needs a new descriptor.
    const receiver = stack.use(startReceiver(() => new Response(null, { headers: { connection: "close" } })));
    const { send, url, process } = stack.use(await install());
    const app = await makeApplication(send);
    await makeEndpoint(send, app, receiver.url);
    return {
      url,
      // The connections of this test and of Prometheus are open already, so they work on.
      async begin() {
        await limitFiles(process.pid, 4);
        await sendMessage(send, app);
      },
      end: () => limitFiles(process.pid, 4096),
    };
  },
};

const slowDisk: MachineFault = {
  alerts: ["BoathookCommitsSlow"],
  isPossible: canTrace,
  async open(stack) {
    const { send, url, process } = stack.use(await install());
    const app = await makeApplication(send);
    let messages: Repeated;
    let endDelay: () => Promise<void>;
    return {
      url,
      async begin() {
        endDelay = await delayCalls(process.pid, ["fsync", "fdatasync"], 700);
        // The server does nothing else during a commit, and Prometheus must be able to read it.
        messages = traffic(stack, send, app, { pauseMs: 1000 });
      },
      async end() {
        await messages.end();
        await endDelay();
      },
    };
  },
};

/** Starts the server with its log in a pipe that another program reads. */
const READ_BY_CAT = 'mkfifo "$0"; cat "$0" & echo $! > "$0.pid"; exec "$@" > "$0"';

const stoppedLogReader: MachineFault = {
  alerts: ["BoathookLogLinesDropped"],
  isPossible: () => Bun.which("mkfifo") !== null,
  async open(stack) {
    const dir = stack.use(temporaryDirectory());
    const pipe = dir.file("log");
    const program: Program = ["sh", "-c", READ_BY_CAT, pipe, ...executable()];
    let count = 0;
    const alternately = () => new Response(null, { status: count++ % 2 === 0 ? 500 : 204 });
    const receiver = stack.use(startReceiver(alternately));
    const { send, url } = stack.use(await install(["--retry-schedule="], { program }));
    const reader = Number(readFileSync(`${pipe}.pid`, "utf8"));
    stack.defer(() => void succeeds("kill", "-KILL", String(reader)));
    const app = await makeApplication(send);
    // Each change of the endpoint's state is a long line.
    await makeEndpoint(send, app, `${receiver.url}/${"x".repeat(10_000)}`, { concurrency: 1 });
    let messages: Repeated;
    return {
      url,
      async begin() {
        process.kill(reader, "SIGSTOP");
        messages = repeated(stack, () => sendMessages(send, app, 50), 100);
      },
      async end() {
        await messages.end();
        process.kill(reader, "SIGCONT");
      },
    };
  },
};

export const machineFaults: readonly MachineFault[] = [fullDisk, lostReplica, noOpenFiles, slowDisk, stoppedLogReader];
