#!/bin/sh
# The bases of the two images, from Debian's packages and from no container registry. As root.
# SOURCES: a file of apt's sources, default this machine's.
set -eu
sources=${SOURCES:-$(ls /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | head -n 1)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# the last stage: Python and what its wheels link to; no shell
run=python3.11-minimal,libpython3.11-stdlib,libstdc++6,libgcc-s1,ca-certificates,libssl3,libffi8,zlib1g,libbz2-1.0,liblzma5,libsqlite3-0,libexpat1,libuuid1,base-files,netbase,tzdata,media-types
# tar, dpkg and others come along: of the commands there is Python alone
set -- --dpkgopt="path-exclude=/bin/*" --dpkgopt="path-exclude=/sbin/*" --dpkgopt="path-exclude=/usr/bin/*" \
  --dpkgopt="path-exclude=/usr/sbin/*" --dpkgopt="path-include=/usr/bin/python3.11"
mmdebstrap --quiet --mode=root --variant=extract "$@" --include="$run" bookworm "$folder/base.tar" "$sources"
mmdebstrap --quiet --mode=root --variant=essential --include=python3.11,python3.11-venv,python3-pip,ca-certificates bookworm "$folder/build.tar" "$sources"
mmdebstrap --quiet --mode=root --variant=essential --include=python3.11,python3.11-venv,python3-pip,ca-certificates,postgresql-15,rabbitmq-server,nginx-light,libnginx-mod-http-js bookworm "$folder/engines-base.tar" "$sources"
for name in base build engines-base; do
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$folder/$name.tar" / > /dev/null
  buildah commit --quiet --rm "$container" "localhost/coffre-$name" > /dev/null
done
