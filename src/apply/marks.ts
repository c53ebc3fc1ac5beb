/** Marks that stand for stored secrets, in responses and in files. */
import { setMark } from "../core/endpoint-auth.ts";

/** Returns whether a value is a mark, or contains one. */
export function hasMark(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return value === setMark;
  return Object.values(value).some(hasMark);
}
