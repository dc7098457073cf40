# Reads facts and writes them to standard output; changes nothing on this host and takes no arguments.
# Nothing runs before the whole script has arrived. Forks are what a target pays for: three a fact, one program.

# For the snippets: FILE isn't there, and we may look.
absent() {
  case ${1##*/} in *[*?[]*) [ ! -d "${1%/*}" ] || [ -r "${1%/*}" ] || return 1 ;; esac
  sec_ops_parent=${1%/*}
  while [ -n "$sec_ops_parent" ] && [ ! -e "$sec_ops_parent" ]; do sec_ops_parent=${sec_ops_parent%/*}; done
  [ -z "$sec_ops_parent" ] || [ ! -d "$sec_ops_parent" ] || [ -x "$sec_ops_parent" ]
}

show() {
  if [ ! -e "$1" ]; then
    absent "$1" && exit 120
    exit 121
  fi
  [ -r "$1" ] && [ ! -d "$1" ] || exit 121
  cat "$1" || exit 121
}

# A line that looks like the head of a file gets a blank before it, so that no file can speak for another.
show_all() {
  for sec_ops_file do
    shift
    if [ -f "$sec_ops_file" ]; then
      [ -r "$sec_ops_file" ] || exit 121
      set -- "$@" "$sec_ops_file"
    elif [ ! -e "$sec_ops_file" ]; then
      absent "$sec_ops_file" || exit 121
    fi
  done
  [ $# -gt 0 ] || exit 120
  awk 'BEGIN {
    for (i = 1; i < ARGC; i++) {
      print "==> " ARGV[i] " <=="
      while ((got = (getline line < ARGV[i])) > 0) print (line ~ /^==> .* <==\r?$/ ? " " : "") line
      if (got < 0) exit 121
      close(ARGV[i])
    }
  }' "$@" || exit
}

have() { command -v "$1" >/dev/null 2>&1; }

# Ends whatever snippets left running: all descendants of this shell but the watchdog and the reader.
sec_ops_end_snippets() {
  kill -KILL $(awk -v root="$$" -v spared=" $sec_ops_watchdog $sec_ops_reader " 'BEGIN {
    for (i = 1; i < ARGC; i++) {
      if ((getline line < ARGV[i]) > 0 && sub(/\(.*\)/, "", line)) {
        split(line, part, " ")
        parent[part[1]] = part[3]
      }
      close(ARGV[i])
    }
    for (pid in parent) {
      above = pid
      while (above != root && above in parent && !index(spared, " " above " ")) above = parent[above]
      if (above == root && pid != root) print pid
    }
  }' /proc/[0-9]*/stat)
}

sec_ops_uptime() {
  sec_ops_now=0
  [ ! -r /proc/uptime ] || read -r sec_ops_now sec_ops_rest </proc/uptime
}

# What snippets count on. Where one of these is missing a pipeline may say nothing and end with 0, so no fact counts.
sec_ops_look_for_programs() {
  sec_ops_missing=
  for sec_ops_program in awk cat date grep head sed sort stat tail tr uname uniq; do
    have "$sec_ops_program" || sec_ops_missing="$sec_ops_missing $sec_ops_program"
  done
}

sec_ops_able() {
  [ -z "$sec_ops_missing" ] || { echo "not on this host:$sec_ops_missing"; exit 127; }
}

# fact ID BYTES SECONDS SNIPPET. The exit code follows the output through the same pipe; where it doesn't, the output
# was cut: by its bound, or in time. The watchdog's signal once a second wakes `wait` to look at the time. A second after
# the snippet was ended its reader is, too: orphans that still hold the pipe are nobody's descendants.
fact() {
  sec_ops_uptime
  sec_ops_begun=$sec_ops_now
  sec_ops_ticks=0
  sec_ops_cut=in_time
  printf '\n@@%s begin %s\n' "$sec_ops_boundary" "$1"
  { ( sec_ops_able && eval "$4" ); printf '\n@@%s exit %s\n' "$sec_ops_boundary" "$?"; } 4>&- | head -c "$2" >&4 4>&- &
  sec_ops_reader=$!
  while wait "$sec_ops_reader"; [ $? -gt 128 ] && kill -0 "$sec_ops_reader"; do
    if [ "$sec_ops_ticks" -gt "$3" ]; then
      [ "$sec_ops_cut" = in_time ] || kill -KILL "$sec_ops_reader"
      sec_ops_cut=cut_short
      sec_ops_end_snippets
    fi
  done
  sec_ops_uptime
  printf '\n@@%s end %s %s %s %s\n' "$sec_ops_boundary" "$1" "$sec_ops_cut" "$sec_ops_begun" "$sec_ops_now"
  sec_ops_count=$((sec_ops_count + 1))
}

sec_ops_watch() {
  trap 'sec_ops_ticks=$((sec_ops_ticks + 1))' USR1
  { while sleep 1 && kill -USR1 "$$"; do :; done; } >/dev/null 4>&- &
  sec_ops_watchdog=$!
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

sec_ops_word() {
  case $1 in '' | *[!A-Za-z0-9._-]*) sec_ops_said=- ;; *) sec_ops_said=$1 ;; esac
}

sec_ops_header() {
  sec_ops_host=
  [ ! -r /proc/sys/kernel/hostname ] || read -r sec_ops_host </proc/sys/kernel/hostname
  sec_ops_word "$sec_ops_host"
  sec_ops_host=$sec_ops_said
  sec_ops_word "$sec_ops_nonce"
  printf '@@sec-ops-facts 1 %s %s %s %s %s\n' \
    "$sec_ops_boundary" "$sec_ops_collector" "$(date +%s)" "$sec_ops_said" "$sec_ops_host"
}

sec_ops_collect() {
  # Functions of a login's environment would answer for programs where sh is bash.
  unset -f '[' awk cat command date echo find grep head kill od printf read readlink sed sleep sort stat tail test tr uname uniq wait
  unset ENV BASH_ENV CDPATH LD_PRELOAD LD_LIBRARY_PATH POSIXLY_CORRECT GREP_OPTIONS
  PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin LC_ALL=C LANG=C
  export PATH LC_ALL LANG
  umask 077
  cd /
  sec_ops_make_boundary
  sec_ops_header
  sec_ops_look_for_programs
  sec_ops_watch
  sec_ops_count=0
@facts@
  sec_ops_end_snippets
  kill "$sec_ops_watchdog"
  printf '\n@@%s done %s %s\n' "$sec_ops_boundary" "$sec_ops_count" "$(date +%s)"
}
exec 4>&1 2>/dev/null
sec_ops_collect </dev/null
