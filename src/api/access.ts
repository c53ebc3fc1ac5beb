import { type Capability, grants } from "../core/capability.ts";
import { insufficientAccess } from "./errors.ts";
import type { Identity } from "./identity.ts";
import type { Operation } from "./operation.ts";

/** 403 unless this caller may do this, whatever it is to be done to. */
export function checkAccess(operation: Operation, identity: Identity): void {
  if (operation.access === "root" && !identity.root) throw insufficientAccess();
  if (identity.applicationSeq === null || operation.access === "public") return;
  if (operation.access !== "application") throw insufficientAccess();
  if (!grants(identity.capabilities, neededCapability(operation))) throw insufficientAccess();
}

function neededCapability({ capability, method }: Operation): Capability {
  return capability ?? (method === "GET" || method === "HEAD" ? "ViewBase" : "ManageEndpoint");
}
