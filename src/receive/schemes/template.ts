import type { RequestView } from "../request-view.ts";

/**
 * A signed string such as `v0:{ts}:{body}`, parsed once. The places are `{body}`, `{ts}`,
 * `{method}`, `{url}`, `{path}` and `{header:Name}`; all other text stands for itself.
 */
export interface Template {
  readonly parts: readonly Part[];
  readonly coversBody: boolean;
  readonly needsTime: boolean;
}

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "body" | "ts" | "method" | "url" | "path" }
  | { readonly kind: "header"; readonly name: string };

const PLACE = /\{(?:(body|ts|method|url|path)|header:([A-Za-z0-9!#$%&'*+.^_`|~-]+))\}/g;

export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACE)) {
    if (match.index > at) parts.push({ kind: "text", text: text.slice(at, match.index) });
    const [place, kind, header] = match;
    if (header === undefined) parts.push({ kind: kind as "body" });
    else parts.push({ kind: "header", name: header.toLowerCase() });
    at = match.index + place.length;
  }
  if (at < text.length) parts.push({ kind: "text", text: text.slice(at) });
  return {
    parts,
    coversBody: parts.some((part) => part.kind === "body"),
    needsTime: parts.some((part) => part.kind === "ts"),
  };
}

/** Returns the texts in braces that are not places, such as `{timestamp}`. */
export function unknownPlaces(text: string): readonly string[] {
  return text.replace(PLACE, "").match(/\{[^{}]*\}/g) ?? [];
}

/**
 * Returns the signed string as texts and bodies in order; neighbouring texts are joined. Returns
 * null if the request lacks a header that the template names.
 */
export function fill(
  { parts }: Template,
  request: Pick<RequestView, "method" | "url" | "header">,
  body: Uint8Array,
  time: string,
): readonly (string | Uint8Array)[] | null {
  const filled: (string | Uint8Array)[] = [];
  let text = "";
  for (const part of parts) {
    if (part.kind === "body") {
      if (text !== "") filled.push(text);
      filled.push(body);
      text = "";
      continue;
    }
    const value = textOf(part, request, time);
    if (value === null) return null;
    text += value;
  }
  if (text !== "") filled.push(text);
  return filled;
}

function textOf(
  part: Exclude<Part, { kind: "body" }>,
  request: Pick<RequestView, "method" | "url" | "header">,
  time: string,
): string | null {
  switch (part.kind) {
    case "text":
      return part.text;
    case "ts":
      return time;
    case "method":
      return request.method;
    case "url":
      return request.url;
    case "path":
      return pathOf(request.url);
    case "header":
      return request.header(part.name);
    default:
      return null;
  }
}

const URL_PATH = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i;

/** Returns the path of a URL with its percent escapes, without the query. */
function pathOf(url: string): string {
  return URL_PATH.exec(url)?.[1] || "/";
}
