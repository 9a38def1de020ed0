# Makes the secrets of docker-compose.yml in ./secrets, for the user id 1000 of the containers. What is there stays.
set -eu
umask 077
mkdir -p secrets
keep() { if [ -e "secrets/$1" ]; then cat > /dev/null; else cat > "secrets/$1"; fi; }
random() { od -An -tx1 -N"$1" /dev/urandom | tr -d ' \n'; }
{ random 32; echo; } | keep project.key
random 16 | keep postgres.password
random 16 | keep grafana.password
printf '[default]\naws_access_key_id = serieswise\naws_secret_access_key = %s\n' "$(random 16)" | keep store.credentials
printf '{ "AuthenticationEnabled": true, "RegisteredUsers": { "serieswise": "%s" } }\n' "$(random 16)" | keep orthanc-users.json
# Engines show files as they are: other users of this machine stay out by the folder.
chmod 0644 secrets/*
if [ "$(id -u)" = 0 ]; then chown -R 1000:1000 secrets; fi
