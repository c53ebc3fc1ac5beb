/**
 * The codes with which the server closes WebSocket connections (RFC 6455, 7.4.1), and its own ones from
 * 4000 on.
 */
export const CLOSE = {
  serverStops: 1001,
  invalidFrame: 1007,
  /** The token has ended, or the endpoint was disabled. */
  ended: 4403,
  /** The application or the endpoint was deleted, or the endpoint has another URL. */
  gone: 4410,
} as const;
