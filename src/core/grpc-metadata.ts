type Pair = readonly [name: string, value: string];

/** Matches the keys of metadata (gRPC over HTTP/2, "Custom-Metadata"). */
const KEY = /^[0-9a-z_.-]+$/;
const ASCII = /^[\x20-\x7e]*$/;
/** Headers that HTTP/2 forbids because they describe the connection (RFC 9113, 8.2.2), or that the client sets. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host", "te", "content-length"],
]);

/**
 * Returns the headers that metadata can carry. Names must be in lower case. Names with the prefix
 * `grpc-` belong to the protocol, and those that end in `-bin` have binary values.
 */
export function grpcMetadata(headers: readonly Pair[]): Pair[] {
  return headers.filter(
    ([name, value]) =>
      KEY.test(name) && ASCII.test(value) && !name.startsWith("grpc-") && !name.endsWith("-bin") && !LEFT_OUT.has(name),
  );
}
