/**
 * Headers that define the destination, the framing, the connection or the signature of a delivery.
 * The API rejects them as custom headers. They are also checked here, in case stored data contains
 * them.
 */
const OWN_NAME =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|proxy-connection|te|trailer|upgrade|expect|(?:webhook|svix)-.*)$/i;

/** Returns whether only the server itself may set this header of a delivery. */
export function isOwnHeader(name: string): boolean {
  return OWN_NAME.test(name);
}
