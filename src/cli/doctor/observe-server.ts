import type { ServerReading } from "../../doctor/server.ts";
import { isServerReport } from "../../doctor/server-report.ts";
import { reasonOf } from "../client/printable.ts";
import { requestTo } from "../client/server-client.ts";

const TIMEOUT_MS = 30_000;

/** Asks a running server for its state. Never throws. */
export async function observeServer(server: string, token: string): Promise<ServerReading> {
  try {
    const { url, init } = requestTo(server, "/api/v1/system/diagnostics");
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) return { kind: "refused", status: response.status };
    const report: unknown = await response.json().catch(() => null);
    return isServerReport(report) ? { kind: "report", report } : { kind: "other" };
  } catch (error) {
    return { kind: "unreachable", reason: reasonOf(error as Error) };
  }
}
