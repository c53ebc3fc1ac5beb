import { batch, signal } from "@preact/signals";
import type { Overview } from "../../src/api/types.ts";
import { SseParser } from "../kit/sse.ts";
import { ApiError, openLive } from "./api.ts";

/** The live overview. The server pushes it when something has changed, at most once per second. */

export type LiveState = "connecting" | "live" | "reconnecting";

export const overview = signal<Overview | null>(null);
export const liveState = signal<LiveState>("connecting");
/** Incremented with every event, so that data that may have changed is loaded again. */
export const changes = signal(0);

/** Reloads the data that the page shows, after a change that is not a live event. */
export function refresh(): void {
  changes.value += 1;
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
    });
  };
}

async function listen(stopped: AbortSignal): Promise<void> {
  let waitMs = WAIT_MIN_MS;
  while (!stopped.aborted) {
    try {
      await follow(stopped, () => {
        waitMs = WAIT_MIN_MS;
      });
    } catch (error) {
      // The token has expired or may not use this page, so retrying is pointless.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
    }
    if (stopped.aborted) return;
    liveState.value = "reconnecting";
    await pause(waitMs, stopped);
    waitMs = Math.min(waitMs * 2, WAIT_MAX_MS);
  }
}

/** Reads one connection until it ends. */
async function follow(stopped: AbortSignal, heard: () => void): Promise<void> {
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
        if (event === "overview") show(JSON.parse(data) as Overview);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}

function show(next: Overview): void {
  batch(() => {
    overview.value = next;
    changes.value += 1;
  });
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
