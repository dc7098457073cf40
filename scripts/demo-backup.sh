# Sourced by scripts/demo: a small database and a folder, made up, are backed up to two repositories, and one file comes
# back. The database is a PostgreSQL of its own under .demo/, on a socket there, which ends with the demo; where no
# PostgreSQL is installed, or its account may not look into this folder, it is SQLite.

PUPILS=300
DEMO=$PWD/.demo
postgres_pid=

# Prints the folder of the newest PostgreSQL's programs, or fails.
postgres_programs() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$found/initdb" ] && [ -x "$found/postgres" ] && printf '%s' "$found"
}

# PostgreSQL never runs as root: then its own account runs it.
as_postgres=()
[ "$(id -u)" -ne 0 ] || as_postgres=(setpriv --reuid=postgres --regid=postgres --clear-groups)

start_postgres() {
  local programs socket=$DEMO/pg/socket
  programs=$(postgres_programs) || return 1
  [ ${#socket} -lt 90 ] || return 1
  mkdir -p "$DEMO/pg"
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$DEMO/pg" 2>/dev/null || return 1; fi
  "${as_postgres[@]}" test -w "$DEMO/pg" || return 1
  "${as_postgres[@]}" mkdir -m 700 "$socket"
  "${as_postgres[@]}" "$programs/initdb" --pgdata="$DEMO/pg/data" --username=demo --auth=trust --encoding=UTF8 --no-sync >/dev/null || return 1
  "${as_postgres[@]}" "$programs/postgres" -D "$DEMO/pg/data" -k "$socket" -c listen_addresses= -c fsync=off >"$DEMO/pg.log" 2>&1 </dev/null &
  postgres_pid=$!
  local attempt
  for attempt in $(seq 100); do
    ! "$programs/psql" -qXAt -h "$socket" -U demo -c 'SELECT 1' postgres >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  stop_postgres
  return 1
}

stop_postgres() {
  [ -n "$postgres_pid" ] || return 0
  kill -INT "$postgres_pid" 2>/dev/null || true
  wait "$postgres_pid" 2>/dev/null || true
  postgres_pid=
  rm -rf "$DEMO/pg"
}

# Makes the database; sets KIND and SETTINGS to what the plan says of it.
make_database() {
  local programs rows="SELECT n AS number, 'pupil ' || n AS name, 2010 + n % 12 AS born"
  if start_postgres; then
    programs=$(postgres_programs)
    "$programs/psql" -qX -v ON_ERROR_STOP=1 -h "$DEMO/pg/socket" -U demo postgres <<SQL
CREATE DATABASE school;
\\connect school
CREATE TABLE pupils AS $rows FROM generate_series(1, $PUPILS) n;
SQL
    KIND=postgresql SETTINGS="{server: \"$DEMO/pg/socket\", user: demo, database: school, programs: $programs}"
    return
  fi
  rm -rf "$DEMO/pg"
  if [ "$language" = zh ]; then say "没有可用的 PostgreSQL，改用 SQLite 示例数据库"; else say "there is no PostgreSQL to use here; the database is SQLite"; fi
  "$VENV/bin/python" - "$DEMO/school/school.db" "$PUPILS" <<'PYTHON'
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as database:
    database.execute("CREATE TABLE pupils (number, name, born)")
    rows = [(n, f"pupil {n}", 2010 + n % 12) for n in range(1, int(sys.argv[2]) + 1)]
    database.executemany("INSERT INTO pupils VALUES (?, ?, ?)", rows)
PYTHON
  KIND=sqlite SETTINGS="{path: \"$DEMO/school/school.db\"}"
}

demo_backup() {
  local file name back
  mkdir -p "$DEMO/school/uploads" "$DEMO/repositories"
  for name in one two three; do seq 2000 | sed "s/^/$name /" >"$DEMO/school/uploads/certificate-$name.txt"; done
  trap stop_postgres EXIT
  make_database
  cp -R scripts/demo-backup/. "$SITE/"
  for file in "$SITE"/backup/repositories/*.yml "$SITE"/backup/plans/*.yml; do
    sed -i "s|@DEMO@|$DEMO|g; s|@KIND@|$KIND|; s|@SETTINGS@|$SETTINGS|" "$file"
  done
  try 0 backup keys init near --by chen
  try 0 backup keys init far --by chen --chunker-of near
  try 0 backup run school-records
  try 0 backup copy school-records --to far
  try 0 backup status school-records

  # The folder is lost; one file comes back from the second site.
  rm -rf "$DEMO/school/uploads"
  back=$DEMO/school/uploads/certificate-two.txt
  try 0 backup restore school-records --repository far --path "$back" --target .demo/restored
  seq 2000 | sed 's/^/two /' | cmp - "$DEMO/restored/uploads$back" || die "the restored file is not what was saved"
  try "0 1" backup sheet --format html --output "$OUT/restore-sheet.html"
  stop_postgres
}
