import type { AuditActor } from "../../src/store/index.ts";

/** The caller of commands that tests call directly. */
export const ROOT: AuditActor = { kind: "root", id: null, name: null };
