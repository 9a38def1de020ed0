# Serves /data/objects; a folder in it is a bucket. The credentials file is that of the AWS tools.
set -eu
value() { sed -n "s/^$1 *= *//p" /run/secrets/store_credentials; }
mkdir -p /data/objects/serieswise /data/metadata
ROOT_ACCESS_KEY="$(value aws_access_key_id)"
ROOT_SECRET_KEY="$(value aws_secret_access_key)"
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
exec versitygw --quiet --port :7070 --health /health posix --sidecar /data/metadata /data/objects
