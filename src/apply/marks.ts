/** Marks that stand for stored secrets, in responses and in files. */
import { setMark } from "../core/endpoint-auth.ts";
import { unmaskedUrl } from "../core/url-password.ts";

/** Returns whether a value is a URL with a mark in the place of its password. */
export function hasMaskedPassword(url: unknown): boolean {
  return typeof url === "string" && URL.canParse(url) && unmaskedUrl(url, null) === null;
}

export function isMark(value: unknown): boolean {
  return value === setMark;
}

/** Returns whether a value is a mark, or contains one. */
export function hasMark(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return isMark(value);
  return Object.values(value).some(hasMark);
}
