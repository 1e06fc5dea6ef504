"""An nginx that answers the corpus: by the request's target, each answer with an id."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.corpus.endpoints import CHANGED
from bench.corpus.exchange import Exchange, Kind
from bench.processes import nginx

FROM_FILES = (Kind.JSON, Kind.GZIP, Kind.TAGGED, Kind.NOT_MODIFIED, Kind.COOKIE)
AFTER_BODY = (Kind.ORDERED, Kind.TAKEN, Kind.SIGNED_IN, Kind.UPLOADED)
COMMON = """
  add_header X-Request-Id $request_id always;
  add_header Traceresponse $http_traceparent always;
  add_header X-RateLimit-Limit 1000000 always;
  add_header X-RateLimit-Remaining $connection_requests always;
  add_header X-Content-Type-Options nosniff always;
  add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
"""
COOKIE = (
    'add_header Set-Cookie "sid=$request_id$request_id; Path=/; Secure; HttpOnly; '
    'SameSite=Lax" always;'
)
OWN = {
    Kind.JSON: 'add_header Cache-Control "private, no-store" always;',
    Kind.GZIP: "add_header Content-Encoding gzip; add_header Vary Accept-Encoding;",
    Kind.TAGGED: 'add_header Cache-Control "private, max-age=60"; etag on;',
    Kind.NOT_MODIFIED: 'add_header Cache-Control "private, max-age=60"; etag on;',
    Kind.COOKIE: COOKIE,
    Kind.MOVED: 'add_header Cache-Control "no-cache";',
    Kind.MISSING: "",
    Kind.FAILED: "add_header Retry-After 2 always;",
    Kind.ORDERED: 'add_header Location "/v1/orders/$request_id" always;',
    Kind.TAKEN: "",
    Kind.SIGNED_IN: COOKIE,
    Kind.UPLOADED: "",
}
CONFIGURATION = """
daemon off; worker_processes 1; error_log {folder}/shop.log; pid {folder}/shop.pid;
worker_rlimit_nofile 65536; events {{ worker_connections 32768; }}
http {{
  access_log off; keepalive_requests 1000000000; absolute_redirect off;
  server_tokens off; sendfile on; tcp_nopush on; etag off;
  open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;
  client_max_body_size 0; client_body_buffer_size 128k;
  client_body_temp_path {folder}/k; proxy_temp_path {folder}/l;
  fastcgi_temp_path {folder}/m; uwsgi_temp_path {folder}/n; scgi_temp_path {folder}/o;
  map_hash_max_size 32768; map_hash_bucket_size 512;
  default_type application/json;
  map $request_uri $answer {{ default /-/missing; include {folder}/answers.map; }}
  server {{
    listen 127.0.0.1:{port};
    location = / {{ return 200 '{{}}'; }}
    location / {{ rewrite ^ $answer last; }}
    location = /-/read {{ internal; return 204; }}
    include {folder}/answers.conf;
  }}
}}
"""


@contextmanager
def answering(
    exchanges: Iterable[Exchange], folder: Path, *, port: int
) -> Iterator[int]:
    """The pid of its worker."""
    _write(list(exchanges), folder)
    with nginx(CONFIGURATION, folder, port=port) as pid:
        yield pid


def _write(exchanges: list[Exchange], folder: Path) -> None:
    files = folder / "shop"
    files.mkdir()
    files.chmod(0o755)
    (files / "posted").touch()
    addresses = dict[str, str]()
    for number, exchange in enumerate(exchanges):
        kind = exchange.answer.kind
        address = f"/-/{kind}"
        if kind in FROM_FILES:
            address += f"/{number}"
            _file(files / str(number), exchange)
        addresses[exchange.target] = address
    lines = [f'"{target}" {address};' for target, address in addresses.items()]
    (folder / "answers.map").write_text("\n".join(lines))
    answers = {exchange.answer.kind: exchange for exchange in exchanges}
    conf = [_location(kind, answers[kind], files) for kind in sorted(answers)]
    (folder / "answers.conf").write_text("\n".join(conf))


def _file(path: Path, exchange: Exchange) -> None:
    answer = exchange.answer
    path.write_bytes(answer.body or answer.content)
    os.utime(path, (CHANGED, CHANGED))


def _location(kind: Kind, example: Exchange, files: Path) -> str:
    own = f"{COMMON} {OWN[kind]}"
    if kind in FROM_FILES:
        return f"location /-/{kind}/ {{ internal; alias {files}/; {own} }}"
    status, said = example.answer.status, example.answer.content.decode()
    if kind is Kind.MOVED:
        said = "/v1/files/$request_id"
    answer = f"{{ internal; {own} return {status} '{said}'; }}"
    if kind not in AFTER_BODY:
        return f"location = /-/{kind} {answer}"
    # `return` would not wait for the body: it is read for a request beside, then the
    # file that is no place for a POST leads to the answer.
    return (
        f"location = /-/{kind} {{ internal; mirror /-/read; mirror_request_body on; "
        f"alias {files}/posted; error_page 405 ={status} /-/{kind}/said; }}\n"
        f"location = /-/{kind}/said {answer}"
    )
