import { createHash } from "node:crypto";
import { decodeBase64, decodeHex } from "./bytes.ts";

/** How the pasted text of a secret becomes a key. */
export type SecretForm =
  | "utf8"
  | "hex"
  | "base64"
  /** Base64 after an optional `v1,` and an optional `whsec_`. */
  | "whsec"
  /** As `whsec` with the prefix, else text. */
  | "whsec-or-utf8"
  /** The part after the first colon, or all of it without a colon. */
  | "after-colon"
  /** Followed by `&`. */
  | "utf8-ampersand"
  | "utf8-nfkd"
  /** The SHA-1 digest of the text. */
  | "sha1-of-utf8"
  /** The five entities that WordPress writes are decoded first. */
  | "utf8-html";

/** Returns the key of a secret, or null if the text cannot be a key. */
export function keyOf(text: string, form: SecretForm): Buffer | null {
  const bytes = keyBytes(text, form);
  return bytes === null || bytes.length === 0 ? null : bytes;
}

function keyBytes(text: string, form: SecretForm): Buffer | null {
  switch (form) {
    case "utf8":
      return Buffer.from(text);
    case "hex":
      return decodeHex(text);
    case "base64":
      return decodeBase64(text);
    case "whsec":
      return decodeBase64(text.replace(/^v1,/, "").replace(/^whsec_/, ""));
    case "whsec-or-utf8":
      return text.startsWith("whsec_") ? decodeBase64(text.slice(6)) : Buffer.from(text);
    case "after-colon":
      return Buffer.from(text.slice(text.indexOf(":") + 1));
    case "utf8-ampersand":
      return Buffer.from(`${text}&`);
    case "utf8-nfkd":
      return Buffer.from(text.normalize("NFKD"));
    case "sha1-of-utf8":
      return createHash("sha1").update(text).digest();
    case "utf8-html":
      return Buffer.from(decodeEntities(text));
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&#039;": "'",
  "&amp;": "&",
};

/** Decodes as `wp_specialchars_decode` does with `ENT_QUOTES`. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:lt|gt|quot|#039|amp);/g, (entity) => ENTITIES[entity] ?? entity);
}
