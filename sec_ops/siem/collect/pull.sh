# Reads log files and the journal and writes them to standard output; changes nothing on this host, takes no arguments.
# Nothing runs before the whole script has arrived.

have() { command -v "$1" >/dev/null 2>&1; }

frame() { printf '\n@@%s %s\n' "$sec_ops_boundary" "$*"; }

# Opens FILE as 3 for good. As root nobody may lead us elsewhere: no links, and what was opened is what the name names.
sec_ops_open() {
  [ ! -L "$1" ] || { frame fault "$sec_ops_task" link; return 1; }
  [ -f "$1" ] || { frame fault "$sec_ops_task" gone; return 1; }
  [ -r "$1" ] || { frame fault "$sec_ops_task" unreadable; return 1; }
  exec 3<"$1"
  sec_ops_facts=$(stat -L -c "%d %i %s %Y $sec_ops_stamp" /proc/self/fd/3)
  sec_ops_named=$(stat -c '%d %i' -- "$1")
  case $sec_ops_facts in "$sec_ops_named "*) ;; *) frame fault "$sec_ops_task" gone; return 1 ;; esac
}

# What the file says, from a byte (from 1) on; a marker tells of a compressed file that is damaged.
sec_ops_content() {
  case $1 in
    *.gz) set -- "$2" gzip ;;
    *.xz) set -- "$2" xz ;;
    *.zst) set -- "$2" zstd ;;
    *.bz2) set -- "$2" bzip2 ;;
    *) tail -c "+$2" <&3; return ;;
  esac
  have "$2" || { frame fault "$sec_ops_task" "without-$2"; return; }
  { "$2" -dc <&3 || frame fault "$sec_ops_task" damaged; } | tail -c "+$1"
}

# list TASK UNCHANGED FILE...: facts of each file, and its first bytes unless it is as it was.
list() {
  sec_ops_task=$1 sec_ops_unchanged=$2
  shift 2
  sec_ops_seen=0
  for sec_ops_path do
    [ -e "$sec_ops_path" ] || [ -L "$sec_ops_path" ] || continue
    [ -d "$sec_ops_path" ] && continue
    sec_ops_seen=$((sec_ops_seen + 1))
    [ "$sec_ops_seen" -le @files@ ] || { frame fault "$sec_ops_task" many; break; }
    frame name "$sec_ops_task"
    printf %s "$sec_ops_path"
    (
      sec_ops_open "$sec_ops_path" || exit
      frame file "$sec_ops_task" $sec_ops_facts
      set -- $sec_ops_facts
      case $sec_ops_unchanged in *" $1:$2:$3:$5 "*) exit ;; esac
      frame head "$sec_ops_task"
      sec_ops_content "$sec_ops_path" 1 | head -c @head@
    )
  done
  frame listed "$sec_ops_task" "$sec_ops_seen"
}

# look TASK FOLDER: whether there is a folder, and we may look into it.
look() {
  [ -d "$2" ] || { frame fault "$1" absent; return; }
  { [ -r "$2" ] && [ -x "$2" ]; } || frame fault "$1" closed
}

# take TASK DEVICE INODE FROM BYTES FILE: part of a file, if it still is that one.
take() (
  sec_ops_task=$1
  sec_ops_open "$6" || exit
  case $sec_ops_facts in "$2 $3 "*) ;; *) frame fault "$1" gone; exit ;; esac
  frame data "$1" $sec_ops_facts
  sec_ops_content "$6" "$4" | head -c "$5"
  frame taken "$1"
)

# journal TASK BYTES FOLDER CURSOR ARGUMENT...: entries from the cursor's own on, one JSON document a line.
journal() {
  sec_ops_task=$1 sec_ops_bytes=$2 sec_ops_folder=$3 sec_ops_cursor=$4
  shift 4
  have journalctl || { frame fault "$sec_ops_task" without-journalctl; return; }
  if [ -n "$sec_ops_folder" ]; then
    [ -d "$sec_ops_folder" ] || { frame fault "$sec_ops_task" absent; return; }
    [ -r "$sec_ops_folder" ] && [ -x "$sec_ops_folder" ] || { frame fault "$sec_ops_task" unreadable; return; }
    set -- "--directory=$sec_ops_folder" "$@"
  else
    sec_ops_state=absent
    for sec_ops_path in /var/log/journal/*/system.journal /run/log/journal/*/system.journal; do
      [ ! -r "$sec_ops_path" ] || { sec_ops_state=; break; }
      [ ! -e "$sec_ops_path" ] || sec_ops_state=unreadable
    done
    [ -z "$sec_ops_state" ] || { frame fault "$sec_ops_task" "$sec_ops_state"; return; }
  fi
  [ "$sec_ops_bytes" -gt 0 ] || return 0
  [ -z "$sec_ops_cursor" ] || set -- "--cursor=$sec_ops_cursor" "$@"
  frame entries "$sec_ops_task"
  { journalctl -q --no-pager --all -o json "$@"; printf '\n@@%s exit %s %s\n' "$sec_ops_boundary" "$sec_ops_task" "$?"; } | head -c "$sec_ops_bytes"
  frame taken "$sec_ops_task"
}

sec_ops_make_boundary() {
  sec_ops_boundary=
  if [ -r /proc/sys/kernel/random/uuid ]; then
    IFS=- read -r a b c d e </proc/sys/kernel/random/uuid
    sec_ops_boundary=$a$b$c$d$e
  else
    sec_ops_boundary=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  fi
  case ${#sec_ops_boundary} in 32) ;; *) exit 5 ;; esac
}

sec_ops_pull() {
  # Functions of a login's environment would answer for programs where sh is bash.
  unset -f '[' bzip2 command date gzip head journalctl od printf read stat tail tr xz zstd
  unset ENV BASH_ENV CDPATH LD_PRELOAD LD_LIBRARY_PATH POSIXLY_CORRECT GZIP XZ_OPT XZ_DEFAULTS SYSTEMD_PAGER
  PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C LANG=C
  export PATH LC_ALL LANG
  umask 077
  cd /
  sec_ops_make_boundary
  printf '@@sec-ops-logs 1 %s - %s %s\n' "$sec_ops_boundary" "$(date +%s)" "$sec_ops_nonce"
  for sec_ops_program in date head stat tail; do
    have "$sec_ops_program" || { frame fault - "without-$sec_ops_program"; exit 127; }
  done
  # Nanoseconds where this stat has them: a file may be emptied and filled to the same size within a second.
  sec_ops_stamp=%.9Z
  case $(stat -c "$sec_ops_stamp" /) in *[!0-9.]* | '') sec_ops_stamp=%Z ;; esac
@tasks@
  frame done @count@
}
exec 2>/dev/null
sec_ops_pull </dev/null
