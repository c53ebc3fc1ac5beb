/**
 * Headers that define the destination, the framing, the connection or the signature of a delivery.
 * The API refuses them as custom headers; stored data is not trusted to keep to that.
 */
const OWN_NAME =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|proxy-connection|te|trailer|upgrade|expect|(?:webhook|svix)-.*)$/i;

/** Returns whether only the server itself may set this header of a delivery. */
export function isOwnHeader(name: string): boolean {
  return OWN_NAME.test(name);
}
