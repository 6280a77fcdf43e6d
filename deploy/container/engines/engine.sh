#!/bin/sh
# One engine of a site on one machine: postgres DATABASE…, broker, objects, root, or nginx. What it keeps is in one
# volume; its secret is a file, and nothing has a default.
set -eu
kept=/var/lib/engine
secret=/run/secrets/engine
name=$1
shift
case $name in
  postgres)
    bin=$(echo /usr/lib/postgresql/*/bin)
    if [ ! -e "$kept/data" ]; then
      rm -rf "$kept/new"
      "$bin/initdb" --pgdata "$kept/new" --username coffre --pwfile "$secret" --auth scram-sha-256 \
        --encoding UTF8 --locale C.UTF-8 --data-checksums > /dev/null
      echo 'host all all all scram-sha-256' >> "$kept/new/pg_hba.conf"
      for database in "$@"; do
        echo "CREATE DATABASE $database" | "$bin/postgres" --single -D "$kept/new" postgres > /dev/null
      done
      mv "$kept/new" "$kept/data" # whole, or made anew at the next start
    fi
    exec "$bin/postgres" -D "$kept/data" -c 'listen_addresses=*' -c unix_socket_directories=/tmp
    ;;
  broker)
    umask 077
    printf 'default_user = coffre\ndefault_pass = %s\nloopback_users = none\n' "$(cat "$secret")" > /tmp/rabbitmq.conf
    echo '[].' > /tmp/enabled_plugins
    export HOME="$kept" RABBITMQ_NODENAME=coffre@localhost RABBITMQ_CONFIG_FILE=/tmp/rabbitmq \
      RABBITMQ_MNESIA_BASE="$kept/mnesia" RABBITMQ_LOG_BASE=/tmp RABBITMQ_LOGS=- ERL_CRASH_DUMP_SECONDS=0 RABBITMQ_PID_FILE=/tmp/pid \
      RABBITMQ_ENABLED_PLUGINS_FILE=/tmp/enabled_plugins ERL_EPMD_ADDRESS=127.0.0.1
    exec /usr/lib/rabbitmq/bin/rabbitmq-server
    ;;
  objects)
    mkdir -p "$kept/data"
    exec /opt/engines/bin/weed -logtostderr=true server -dir="$kept/data" -ip=127.0.0.1 -ip.bind=0.0.0.0 \
      -master.telemetry=false -master.volumeSizeLimitMB=1024 -volume.max=100 -filer -filer.localSocket= \
      -s3 -s3.port=8333 -s3.config="$secret" -s3.port.iceberg=0 -s3.port.lance=0
    ;;
  root)
    exec /opt/engines/bin/bao server -config=/etc/engine/root.json
    ;;
  nginx)
    exec nginx "$@"
    ;;
  *)
    echo "There is no engine $name: postgres, broker, objects, root or nginx." >&2
    exit 2
    ;;
esac
