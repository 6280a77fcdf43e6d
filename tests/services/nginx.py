"""nginx before Coffre's HTTP processes: one origin, each request to the process that may answer it."""

from pathlib import Path

from coffre.proxy import routing
from coffre.proxy.routing import Process
from tests.services.processes import debian
from tests.services.server import Server
from tests.services.service import listens

# at a level below "crit" nginx writes the request's line, and so its path, where a process doesn't answer
CONFIGURATION = """
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {directory}/body;
  proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi;
  scgi_temp_path {directory}/scgi;
  limit_conn_zone $binary_remote_addr zone=addresses:1m;
  client_header_timeout 20s;
  client_body_timeout 60s;
  send_timeout 60s;
  keepalive_timeout 15s;
  map "$request_method $uri" $process {{
    default             {gateway};
    "~^[A-Z]+ /metrics" {reader};
{processes}
  }}
  server {{
    listen 127.0.0.1:{port};
    limit_conn addresses 128;
    location / {{
      proxy_pass http://127.0.0.1:$process;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_read_timeout 300s;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Client-Cert "";
      proxy_set_header Client-Cert-Chain "";
    }}
  }}
}}
"""


def made(directory: Path, port: int, *, intake: int, reader: int, gateway: int, signin: int) -> Server:
    """Serves on 127.0.0.1:`port` once started; nothing of a request is written to disk."""
    program = debian("nginx", "nginx-light")
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "nginx.conf"
    places = {Process.INTAKE: str(intake), Process.READER: str(reader), Process.GATEWAY: str(gateway)}
    places[Process.SIGN_IN] = str(signin)
    rules = routing.lines((*routing.PEOPLE, *routing.API), places)
    processes = "\n".join(f"    {key} {place};" for key, place in rules)
    configuration.write_text(
        CONFIGURATION.format(
            directory=directory, port=port, gateway=gateway, reader=reader, processes=processes
        )
    )
    command = [program, "-c", configuration, "-p", directory, "-e", directory / "error.log"]
    return Server("nginx", command, directory / "nginx.log", lambda: listens(port))
