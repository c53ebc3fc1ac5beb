import { readFileSync } from "node:fs";
import { median } from "../../../src/bench/figures.ts";
import type { Product } from "../product.ts";
import type { PageRequest } from "./requests.ts";

/** Number of times that a request is repeated after the first time. */
const REPEATS = 4;
/** Number of pages of a list until the deep page. */
const DEEP = 20;
/** Most pages that are read until a page of a search has an entry. */
const SEARCH_PAGES_MAX = 400;

/** Times in ms. `held` is the longest that a ping waited; `cpu` is the time of the main thread. */
export interface Figures {
  readonly cold: number;
  readonly warm: number;
  readonly deep: number | null;
  /** The time until the first entry or the end is found; null if the first response has it. */
  readonly whole: number | null;
  readonly held: number;
  readonly cpu: number;
}

interface Response {
  readonly data?: readonly unknown[];
  readonly iterator?: string | null;
  readonly done?: boolean;
}

/** Measures single requests. */
export class Meter {
  readonly #worker = new Worker(new URL("../stall-probe.ts", import.meta.url).href);
  readonly #origin: string;

  constructor(private readonly server: Product) {
    this.#origin = new URL(server.messagesUrl).origin;
    this.#worker.postMessage({ url: this.#origin });
  }

  async measure(request: PageRequest): Promise<Figures> {
    await this.#held();
    const first = await this.#send(request);
    const held = [await this.#heldAfter()];
    const [warm, cpu] = [[] as number[], [] as number[]];
    for (let i = 0; i < REPEATS; i++) {
      const before = this.#cpuMs();
      const { ms } = await this.#send(request);
      warm.push(ms);
      held.push(await this.#heldAfter());
      cpu.push(this.#cpuMs() - before);
    }
    const { deep, whole } = request.isList ? await this.#follow(request, first) : { deep: null, whole: null };
    held.push(await this.#held());
    const figures = { cold: first.ms, warm: median(warm), deep, whole };
    // Pings also wait for other processes, so a single long one says nothing.
    return { ...figures, held: median(held), cpu: median(cpu) };
  }

  stop(): void {
    this.#worker.terminate();
  }

  async #follow(request: PageRequest, first: { readonly ms: number; readonly response: Response }) {
    let { response } = first;
    let pages = 0;
    let spent = first.ms;
    let whole: number | null = null;
    let deep: number | null = null;
    let isFound = (response.data ?? []).length > 0;
    while (response.done === false && (isFound ? pages < DEEP : pages < SEARCH_PAGES_MAX)) {
      const path = `${request.path}&iterator=${encodeURIComponent(response.iterator!)}`;
      const next = await this.#send({ ...request, path });
      ({ response } = next);
      spent += next.ms;
      deep = Math.max(next.ms, pages < DEEP ? 0 : (deep ?? 0));
      pages++;
      if (!isFound) whole = spent;
      isFound ||= (response.data ?? []).length > 0;
    }
    return { deep, whole };
  }

  async #send({ path, body }: PageRequest): Promise<{ readonly ms: number; readonly response: Response }> {
    const isWhole = path.startsWith("/ingest/") || path === "/metrics";
    const url = this.#origin + (isWhole ? path : `/api/v1${path}`);
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const startedAt = performance.now();
    const response = await fetch(url, { headers: this.server.headers, ...sent });
    const text = await response.text();
    const ms = performance.now() - startedAt;
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return { ms, response: isJson ? (JSON.parse(text) as Response) : {} };
  }

  async #heldAfter(): Promise<number> {
    await Bun.sleep(10);
    return this.#held();
  }

  /** Returns the longest time that a ping has waited since the last call. */
  #held(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#worker.onmessage = ({ data }) => resolve(data as number);
    this.#worker.postMessage("report");
    return promise;
  }

  /** Returns the time that the main thread of the server has computed. */
  #cpuMs(): number {
    const { pid } = this.server;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  }
}
