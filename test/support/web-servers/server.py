import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, tls_port, cert, key = sys.argv[1:]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = len(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.split("?")[0]
        if path in ("/port", "/close"):
            self.answer(200, str(self.client_address[1]), path == "/close")
        elif path == "/length":
            self.answer(200, str(length))
        elif path == "/empty":
            self.send_response(204)
            self.end_headers()
        elif path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nhel\r\n")
            self.wfile.write(b"2\r\nlo\r\n0\r\n\r\n")
        elif path == "/interim":
            self.send_response_only(100)
            self.end_headers()
            self.answer(200, "hello")
        else:
            self.answer(404, "not found")

    def answer(self, status, text, close=False):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        if close:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


plain = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
secure = ThreadingHTTPServer(("127.0.0.1", int(tls_port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=plain.serve_forever).start()
secure.serve_forever()
