import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";

/** Keeps the library from writing to stderr. What it would write is also in its errors. */
export function silenceLibrary(): void {
  setLogVerbosity(logVerbosity.NONE);
}
