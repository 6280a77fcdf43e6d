"""nginx before Coffre's HTTP processes: one origin, each request to the process that may answer it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.processes import debian, stopped

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  map "$request_method $uri" $process {{
    default                                      {gateway};
    "~^POST /(records/[^/]+/)?dicomweb/studies"  {intake};
    "~^[A-Z]+ /(fhir|submissions)"               {intake};
    "~^[A-Z]+ /(records|dicomweb|grants|objects|audit|health|metrics)"  {reader};
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:$process;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 300s;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"""


@contextmanager
def running(directory: Path, port: int, *, intake: int, reader: int, gateway: int) -> Iterator[None]:
    """Serves on 127.0.0.1:`port`; nothing of a request is written to disk."""
    debian("nginx", "nginx-light")
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "nginx.conf"
    ports = {"port": port, "intake": intake, "reader": reader, "gateway": gateway}
    configuration.write_text(CONFIGURATION.format(directory=directory, **ports))
    with (directory / "nginx.log").open("wb") as log:
        server = subprocess.Popen(
            ["nginx", "-c", configuration, "-p", directory, "-e", directory / "error.log"],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    with stopped(server):
        for _ in range(100):
            if (directory / "nginx.pid").exists():
                break
            time.sleep(0.05)
        yield
