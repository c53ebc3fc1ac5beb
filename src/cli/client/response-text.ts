/** Maximum size of a response, in bytes. The API sends far less in one response. */
const BYTES_MAX = 64 * 1024 * 1024;

/** Returns the body of a response as text. Rejects if it is too large. */
export async function textOfResponse({ body }: Response, bytesMax = BYTES_MAX): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Error("the response is too large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
