/** Whether an error is a `StoreUnavailable`. Telemetry must not import the store, so the name decides. */
export function isStoreUnavailable(error: unknown): boolean {
  return (error as Error).name === "StoreUnavailable";
}
