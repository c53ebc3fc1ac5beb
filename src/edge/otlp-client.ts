/** Maximum number of bytes of a response that are read. Only the number of rejected spans matters. */
const RESPONSE_BYTES_MAX = 64 * 1024;

export interface OtlpClientOptions {
  /** Base URL of the collector, without a trailing slash. */
  readonly endpoint: string;
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  readonly userAgent: string;
}

/**
 * Returns a function that posts traces to an OpenTelemetry collector. It rejects if there is no
 * response. Its errors do not contain the headers, which may be secret.
 */
export function otlpClient({ endpoint, headers, userAgent }: OtlpClientOptions) {
  const url = `${endpoint}/v1/traces`;
  return async (contentType: string, body: Uint8Array, signal: AbortSignal) => {
    const response = await fetch(url, {
      method: "POST",
      // A redirect would send the headers to another server.
      redirect: "manual",
      headers: [
        ["user-agent", userAgent],
        ...headers.map(([name, value]) => [name, value] as [string, string]),
        ["content-type", contentType],
      ],
      body: body as Uint8Array<ArrayBuffer>,
      signal,
    });
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: await startOf(response) };
  };
}

async function startOf(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk as Uint8Array);
    bytes += (chunk as Uint8Array).length;
    if (bytes >= RESPONSE_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}
