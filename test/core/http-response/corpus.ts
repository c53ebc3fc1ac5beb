import { chunked, responseOf } from "./read.ts";

/**
 * Valid and unusual responses as real servers send them, in Latin-1. Each has at most a few hundred
 * bytes.
 */
export const corpus: readonly string[] = [
  // nginx
  responseOf(["Server: nginx/1.22.1", "Content-Type: text/plain", "Content-Length: 2", "Connection: keep-alive"], "ok"),
  // Go, with lower-case names and a date
  responseOf(["Date: Sat, 28 Nov 2026 13:29:25 GMT", "Content-Length: 0"], "", "HTTP/1.1 202 Accepted"),
  // Node.js, in chunks
  responseOf(["Connection: keep-alive", "Keep-Alive: timeout=5", "Transfer-Encoding: chunked"], chunked("ok", "a")),
  // Python's http.server: HTTP/1.0, the body ends with the connection
  responseOf(["Server: BaseHTTP/0.6 Python/3.11.2"], "hello\n", "HTTP/1.0 200 OK"),
  // PHP's built-in server: the body ends with the connection, with `Connection: close`
  responseOf(["Host: localhost:8000", "Connection: close", "X-Powered-By: PHP/8.2"], "<br />\n<b>Warning</b>"),
  // Phusion Passenger: the status is repeated as a header
  responseOf(["Status: 200 OK", "Content-Length: 2", "Connection: keep-alive"], "{}"),
  // a gateway that repeats a length
  responseOf(["Content-Length: 2", "content-length: 2"], "ok"),
  // a gateway that joins repeated lengths
  responseOf(["Content-Length: 2, 2"], "ok"),
  // both a length and chunks
  responseOf(["Content-Length: 9", "Transfer-Encoding: chunked"], chunked("ok")),
  // an interim response, then trailers
  `HTTP/1.1 100 Continue\r\n\r\n${responseOf(["Trailer: X", "Transfer-Encoding: chunked"], "2;x=y\r\nok\r\n0\r\nX: 1\r\n\r\n")}`,
  // early hints
  `HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n${responseOf(["Content-Length: 0"])}`,
  // a script that ends lines with LF only
  "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 3\n\nok\n",
  // no reason phrase, and lower-case names as HTTP/2 gateways write them
  responseOf(["content-length: 2", "x-amzn-requestid: 1"], "ok", "HTTP/1.1 200"),
  // old IIS: a folded header
  responseOf(["Content-Type: multipart/mixed;", "\tboundary=x", "Content-Length: 0"]),
  // an error page of a proxy, with a space before a colon
  responseOf(["Retry-After : 120", "Content-Length: 4"], "busy", "HTTP/1.1 503 Service Unavailable"),
  // a header in another encoding
  responseOf(["X-Stadt: K\xf6ln", "X-Raw: \x01\x7f\xff", "Content-Length: 2"], "ok"),
  // a script that prints a warning where a header should be
  responseOf(["Deprecated function called in /var/www/hook.php on line 3", "Content-Length: 2"], "ok"),
  // chunks are announced, but the body is plain
  responseOf(["Transfer-Encoding: chunked"], '{"ok":true}'),
  // chunks announced twice
  responseOf(["Transfer-Encoding: chunked, chunked"], chunked("ok")),
  // a body after a 204
  responseOf(["Content-Length: 2"], "ok", "HTTP/1.1 204 No Content"),
  // a made-up status
  responseOf(["Content-Length: 0"], "", "HTTP/1.1 999 Request Denied"),
];
