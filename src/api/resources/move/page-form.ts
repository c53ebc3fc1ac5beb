import { zstdCompressSync, zstdDecompressSync } from "bun";
import { invalidPage } from "../../../commands/move-origin.ts";
import { type PageKeys, sealPage } from "../../../core/sealed-page.ts";
import type { MovePage } from "../../../store/index.ts";

/** Returns a page as it crosses: compressed JSON that is sealed for the destination, in base64. */
export function sealedForm(publicKey: string, page: MovePage): string {
  const sealed = sealPage(publicKey, zstdCompressSync(JSON.stringify(page), { level: 1 }));
  if (sealed === null) throw invalidPage("`publicKey` is not an X25519 public key.");
  return Buffer.from(sealed).toString("base64");
}

/** Reads a page in its sealed form. Throws 422 if it was sealed for another key or was modified. */
export function openedPage(keys: PageKeys, sealed: string): MovePage {
  const bytes = keys.open(Buffer.from(sealed, "base64"));
  if (bytes === null) {
    throw invalidPage("The page was sealed for another key, perhaps for that of this server before a restart.");
  }
  try {
    return JSON.parse(new TextDecoder().decode(zstdDecompressSync(bytes))) as MovePage;
  } catch {
    throw invalidPage("The page is not compressed JSON.");
  }
}
