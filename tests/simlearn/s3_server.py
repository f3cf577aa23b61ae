"""An S3 server on this machine (moto) that can be told to fail, and the environment that leads to it."""

import contextlib
import os
import threading

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

BUCKET = "worlds"
REFUSALS = {
    "ServiceUnavailable": "503 Service Unavailable",
    "InvalidAccessKeyId": "403 Forbidden",
    "NotImplemented": "501 Not Implemented",
    "PreconditionFailed": "412 Precondition Failed",
}


class Quiet(WSGIRequestHandler):
    def log(self, *arguments):
        pass


class Faulty:
    """Passes requests on to an application. `faults` maps (method, part of the path) to a list of what to do with the next such requests:

    "drop": pretend to have done it; "cut": do it with half of the body; "flip": with another last byte; or one of REFUSALS, not doing it.
    """

    def __init__(self, application):
        self.application = application
        self.faults = {}
        self.requests = []
        self._lock = threading.Lock()

    def __call__(self, environ, start_response):
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self._lock:
            self.requests.append((method, path))
            queue = next((queue for (verb, part), queue in self.faults.items() if verb == method and part in path and queue), None)
            fault = queue.pop(0) if queue else ""
        if fault in REFUSALS:
            start_response(REFUSALS[fault], [("Content-Type", "application/xml")])
            return [f"<Error><Code>{fault}</Code><Message>{fault} on purpose</Message></Error>".encode()]
        if fault:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            if fault == "drop":
                start_response("200 OK", [("ETag", '"0"')])
                return []
            body = body[: len(body) // 2] if fault == "cut" else body[:-1] + bytes([body[-1] ^ 1])
            environ["wsgi.input"] = _Bytes(body)
            environ["CONTENT_LENGTH"] = str(len(body))
            for name in [name for name in environ if name.startswith(("HTTP_X_AMZ_CHECKSUM", "HTTP_CONTENT_MD5"))]:
                del environ[name]
        return self.application(environ, start_response)


class _Bytes:
    def __init__(self, content):
        self.content = content

    def read(self, count=-1):
        count = len(self.content) if count is None or count < 0 else count
        taken, self.content = self.content[:count], self.content[count:]
        return taken


@contextlib.contextmanager
def serving():
    """Yields (Faulty, environment variables for clients) of a server with one empty bucket."""
    faulty = Faulty(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faulty, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    environment = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        import boto3

        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield faulty
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        server.shutdown()
        thread.join()
        server.server_close()
