import { socketPathOf } from "./unix-socket.ts";

/**
 * Returns the problem with the URL of a server to which an application moves, or null. The URL is sent
 * in a header with every later request for the application, so it must consist of printable ASCII.
 */
export function departureUrlProblem(text: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(text)) return "Must consist of printable ASCII characters without spaces.";
  if (socketPathOf(text) !== null) return null;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return "Must be an http or https URL or a Unix socket.";
  return url.username + url.password === "" ? null : "Must be a URL without a user.";
}
