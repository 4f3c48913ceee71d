#!/bin/sh
# Writes $BACKUPS/gradbot-DAY.dump (pg_dump's own format), reads it back, and deletes those older than KEEP_DAYS days.
# PGHOST, PGUSER, PGDATABASE say where; the password is the content of PASSWORD_FILE, when there is one.
set -eu
folder=${BACKUPS:-/backups}
file=$folder/gradbot-$(date -u +%Y-%m-%dT%H%M%S).dump
if [ -n "${PASSWORD_FILE:-}" ]; then
  PGPASSWORD=$(cat "$PASSWORD_FILE")
  export PGPASSWORD
fi
umask 077
trap 'rm -f "$file.part"' EXIT
pg_dump --format=custom --compress=6 --no-owner --file="$file.part"
tables=$(pg_restore --list "$file.part" | grep -c 'TABLE DATA')
[ "$tables" -gt 10 ] || { echo "backup: only $tables tables in the dump; it is not kept" >&2; exit 1; }
mv "$file.part" "$file"
find "$folder" -name 'gradbot-*.dump' -mtime "+${KEEP_DAYS:-14}" -delete
echo "backup: $file, $tables tables, $(wc -c <"$file") bytes"
