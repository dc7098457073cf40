"""An application that drills check: pages of all sorts, and a form to sign in by; run inside the sandbox."""

import http.server
import os
import sys
import time
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

FORM = """<form action=/search><input name=q></form>
<form method=post action="enter?x=1"><input type=hidden name=token value=t0ken><input name=username>
<input type=password name=password></form>"""


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = self.path.partition("?")[0].strip("/") or "front"
        getattr(self, f"page_{path}", self.page_missing)()

    def do_POST(self):
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        right = {"username": ["drill"], "password": [os.environ["PASSWORD"]], "token": ["t0ken"]}
        good = given == right and self.path in ("/enter?x=1", "/enter")
        self.send_response(302)
        self.send_header("Set-Cookie", "theme=dark; Path=/")
        if good:
            self.send_header("Set-Cookie", "session=opened; Path=/; HttpOnly; Secure")
        self.send_header("Location", "http://production.example/private" if good else "/login")
        self.end_headers()

    def say(self, text, status=200):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def page_front(self):
        self.say(f"host {self.headers['Host']}")

    def page_missing(self):
        self.say("not here", 404)

    def page_login(self):
        self.say(FORM)

    def page_private(self):
        if SimpleCookie(self.headers.get("Cookie", "")).get("session"):
            self.say("你好")
        else:
            self.send_response(302)
            self.send_header("Location", "/login")
            self.end_headers()

    def page_loop(self):
        self.send_response(302)
        self.send_header("Location", "/loop")
        self.end_headers()

    def page_large(self):
        self.say("\x01" * (1024 * 1024) + "the end")

    def page_hostile(self):
        self.send_response(200)
        self.send_header("Set-Cookie", "\x1b[2J")
        self.end_headers()
        self.wfile.write(b"\x1b[2J\xff\xfe\x00\xe2\x80\xae" * 1000)

    def page_broken(self):
        self.wfile.write(b"\x00\x01 no HTTP\r\n\r\n")

    def page_drip(self):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b".")
            time.sleep(0.2)

    def page_silence(self):
        time.sleep(600)

    def log_message(self, *_words):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Pages).serve_forever()
