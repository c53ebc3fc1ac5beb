import type { Send } from "./client.ts";

/** An entry of the audit log, as the API returns it. */
export interface AuditEntryOut {
  readonly id: string;
  readonly timestamp: string;
  readonly actor: { readonly type: string; readonly id: string | null; readonly name: string | null };
  readonly action: string;
  readonly subject: Readonly<Record<string, string>>;
  readonly targets: Readonly<Record<string, { readonly name: string; readonly deleted: boolean }>>;
  readonly outcome: string;
}

/** Returns the newest entries of the audit log of an environment, newest first. */
export async function auditLog(
  send: Send,
  headers: Readonly<Record<string, string>> = {},
  limit = 250,
): Promise<AuditEntryOut[]> {
  const { json } = await send("GET", `/audit-log?limit=${limit}`, undefined, { headers });
  return json.data;
}
