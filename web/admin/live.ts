import { batch, signal } from "@preact/signals";
import type { Overview, OverviewChange } from "../../src/api/types.ts";
import { SseParser } from "../kit/sse.ts";
import { ApiError, openLive } from "./api.ts";
import { type Changed, mergeChange } from "./changes.ts";

/**
 * The live overview. The server sends the whole overview first, then changes, at most once per second.
 */

export type LiveState = "connecting" | "live" | "reconnecting";

export const overview = signal<Overview | null>(null);
export const liveState = signal<LiveState>("connecting");
/** What the latest live event or action has changed. Each is an object of its own. */
export const latestChange = signal<{ readonly changed: Changed }>({ changed: null });
/** Whether changes are so frequent that pages reload at intervals instead of after each change. */
export const isSampled = signal(false);

/** Reloads the data that the page shows, after a change that is not a live event. */
export function refresh(): void {
  latestChange.value = { changed: null };
}

const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 15_000;
/** Longest silence of a working connection. The server sends at least a comment much more often. */
const SILENCE_MAX_MS = 60_000;

/**
 * Listens for live events until the returned function is called. Reconnects with growing delays.
 */
export function startLive(): () => void {
  const stop = new AbortController();
  void listen(stop.signal);
  return () => {
    stop.abort();
    batch(() => {
      overview.value = null;
      liveState.value = "connecting";
      isSampled.value = false;
    });
  };
}

async function listen(stopped: AbortSignal): Promise<void> {
  let waitMs = WAIT_MIN_MS;
  let isFirst = true;
  const start = (next: Overview) => {
    if (isFirst) showFirst(next, stopped);
    else show(next, null);
    isFirst = false;
  };
  while (!stopped.aborted) {
    try {
      await follow(stopped, start, () => {
        waitMs = WAIT_MIN_MS;
      });
    } catch (error) {
      // The session has ended or may not read the overview, so retrying is pointless.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
    }
    if (stopped.aborted) return;
    liveState.value = "reconnecting";
    await pause(waitMs, stopped);
    waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
  }
}

/** Reads one connection until it ends. `start` gets the overview with which it begins. */
async function follow(stopped: AbortSignal, start: (next: Overview) => void, heard: () => void): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
  try {
    const body = await openLive(AbortSignal.any([stopped, silence.signal]));
    const parser = new SseParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MAX_MS);
      heard();
      liveState.value = "live";
      for (const { event, data } of parser.push(decoder.decode(piece.value, { stream: true }))) {
        if (event === "overview") start(JSON.parse(data) as Overview);
        if (event === "change") apply(JSON.parse(data) as OverviewChange);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Time after which a new page reads again what has changed before the stream began. */
const CATCH_UP_MS = 2_000;

/**
 * Shows the first overview. The page has just been read, so what it has missed in between can wait
 * until it is shown.
 */
function showFirst(first: Overview, stopped: AbortSignal): void {
  overview.value = first;
  const timer = setTimeout(refresh, CATCH_UP_MS);
  stopped.addEventListener("abort", () => clearTimeout(timer));
}

function apply(change: OverviewChange): void {
  const base = overview.peek();
  if (base !== null) show(mergeChange(base, change), change.changed);
}

function show(next: Overview, changed: Changed): void {
  batch(() => {
    overview.value = next;
    latestChange.value = { changed };
    if (changed?.unlisted.includes("messages")) markSampled();
  });
}

/** Time without too many changes after which changes count as followed one by one again. */
const CALM_MS = 10_000;
let calmTimer: ReturnType<typeof setTimeout> | undefined;

function markSampled(): void {
  isSampled.value = true;
  clearTimeout(calmTimer);
  calmTimer = setTimeout(() => {
    isSampled.value = false;
  }, CALM_MS);
}

function pause(delayMs: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stopped.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    stopped.addEventListener("abort", done);
  });
}
