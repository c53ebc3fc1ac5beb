import type { Session } from "../../../src/api/types.ts";
import { ApiError, call } from "../api.ts";
import { getPage } from "./json.ts";

/** Requests for the page of sessions. */

const LIMIT = "50";
const LIMIT_MAX = "250";

export const getSessions = (iterator: string | null, signal: AbortSignal) =>
  getPage<Session>("/session/list", { limit: LIMIT, iterator }, signal);

/** Returns all sessions except that of the page. */
export async function getOtherSessions(): Promise<readonly Session[]> {
  const others: Session[] = [];
  const { signal } = new AbortController();
  let iterator: string | null = null;
  for (;;) {
    const list: Awaited<ReturnType<typeof getSessions>> = await getPage<Session>(
      "/session/list",
      { limit: LIMIT_MAX, iterator },
      signal,
    );
    others.push(...list.data.filter(({ current }) => !current));
    if (list.done) return others;
    iterator = list.iterator;
  }
}

/** Ends a session, unless it has ended already. */
export async function endSession(id: string): Promise<void> {
  try {
    await call("DELETE", `/session/${encodeURIComponent(id)}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
}
