# Sourced by scripts/demo and scripts/test: Python, the virtual environment, system packages. Writes only under .venv/.

VENV=.venv

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $1"; [ $# -lt 2 ] || say "  next: $2"; exit 5; }

# Prints the first Python of at least 3.11.
find_python() {
  local candidate
  for candidate in python3 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer" "apt-get install python3 python3-venv"
}

# Prints what runs a command as root, or fails when nothing does.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

can_install() { command -v apt-get >/dev/null && as_root true; }

# need_packages PACKAGE=PROBE-COMMAND...: installs the packages whose probe fails; says what is missing where it can't.
need_packages() {
  local pair missing=()
  for pair in "$@"; do
    PATH="$PATH:/usr/sbin:/sbin" sh -c "${pair#*=}" >/dev/null 2>&1 || missing+=("${pair%%=*}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! can_install; then
    say "missing system packages: ${missing[*]}"
    say "  next: sudo apt-get install ${missing[*]}"
    return 1
  fi
  say "installing system packages: ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >/dev/null || true
  # Servers that a package brings are not started: this machine's services are not ours to change.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null && as_root chmod 755 "$policy" && made=1
  fi
  local result=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null || result=$?
  [ -z "$made" ] || as_root rm -f "$policy"
  [ "$result" -eq 0 ] || die "apt-get could not install: ${missing[*]}" "apt-get install ${missing[*]}"
}

# set_up_python runtime|dev: locked versions with hashes into .venv, once per version of the lock files.
set_up_python() {
  local kind=$1 python stamp
  python=$(find_python)
  # shellcheck disable=SC2016
  need_packages "python3-venv=$python -c 'import ensurepip, venv'" || die "Python cannot make virtual environments" "sudo apt-get install python3-venv"
  if [ -x $VENV/bin/python ] && ! $VENV/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then rm -rf $VENV; fi
  [ -x $VENV/bin/python ] || "$python" -m venv $VENV
  stamp=$(cat requirements/*.txt pyproject.toml | sha256sum | cut -c1-64)
  if [ "$(cat "$VENV/installed-$kind" 2>/dev/null)" != "$stamp" ] && { [ "$kind" = dev ] || [ "$(cat $VENV/installed-dev 2>/dev/null)" != "$stamp" ]; }; then
    say "installing the locked Python packages ($kind)"
    if [ "$kind" = dev ]; then set -- -r requirements/dev.txt; else set -- -r requirements/runtime.txt -r requirements/build.txt; fi
    $VENV/bin/python -m pip install --quiet --disable-pip-version-check --no-input --only-binary :all: --require-hashes "$@" </dev/null || die "pip could not install the locked packages"
    $VENV/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable . </dev/null || die "pip could not install the project"
    printf '%s' "$stamp" >"$VENV/installed-$kind"
  fi
  $VENV/bin/python scripts/build_hook.py
}

# set_up_restic: restic of the next Debian release as .venv/bin/restic, where the machine has none that is new enough.
# apt works in folders of its own under .venv/ with the distribution's keyring; the machine's sources and packages stay.
RESTIC_SUITE=trixie
RESTIC_OLDEST=0.17.1
set_up_restic() {
  ! has_restic || return 0
  if ! command -v apt-get >/dev/null || [ ! -r "$DEBIAN_KEYRING" ]; then
    say "restic >= $RESTIC_OLDEST is missing, and there is no apt with Debian's keyring to take it from"
    say "  next: install restic >= $RESTIC_OLDEST (https://restic.readthedocs.io/en/stable/020_installation.html)"
    return 1
  fi
  say "taking restic from Debian $RESTIC_SUITE, unpacked under $VENV/"
  if ! fetch_packages "$PWD/$VENV/restic" restic; then
    rm -rf "$VENV/restic"
    say "restic could not be taken from Debian $RESTIC_SUITE"
    say "  next: see that the package mirror answers, or install restic >= $RESTIC_OLDEST"
    return 1
  fi
  ln -sf ../restic/root/usr/bin/restic "$VENV/bin/restic"
  has_restic || { say "restic of Debian $RESTIC_SUITE does not run on this machine"; return 1; }
}

# set_up_bubblewrap: bubblewrap as .venv/bin/bwrap, where the machine has none; the same way, of the machine's own release.
set_up_bubblewrap() {
  ! has_bubblewrap || return 0
  if ! command -v apt-get >/dev/null || [ ! -r "$DEBIAN_KEYRING" ]; then
    say "bubblewrap is missing, and there is no apt with Debian's keyring to take it from"
    say "  next: install it, such as by apt-get install bubblewrap"
    return 1
  fi
  local suite
  suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  say "taking bubblewrap from Debian $suite, unpacked under $VENV/"
  if ! SUITE=$suite fetch_packages "$PWD/$VENV/bubblewrap" bubblewrap; then
    rm -rf "$VENV/bubblewrap"
    say "bubblewrap could not be taken from Debian $suite"
    say "  next: see that the package mirror answers, or install bubblewrap"
    return 1
  fi
  ln -sf ../bubblewrap/root/usr/bin/bwrap "$VENV/bin/bwrap"
  has_bubblewrap || { say "bubblewrap of Debian $suite does not run on this machine"; return 1; }
}

has_bubblewrap() { PATH="$PWD/$VENV/bin:$PATH" bwrap --version >/dev/null 2>&1; }

DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

has_restic() {
  local version
  version=$(PATH="$PWD/$VENV/bin:$PATH" restic version 2>/dev/null | awk '$1 == "restic" { print $2 }') && [ -n "$version" ] &&
    [ "$(printf '%s\n' "$RESTIC_OLDEST" "$version" | sort -V | head -n 1)" = "$RESTIC_OLDEST" ]
}

# set_up_go: a Go new enough to build the servers of the heavy tests, where the machine has none; the same way.
set_up_go() {
  ! command -v go >/dev/null || return 0
  if [ ! -x "$VENV/bin/go" ]; then
    if ! command -v apt-get >/dev/null || [ ! -r "$DEBIAN_KEYRING" ]; then say "Go 1.24 or newer is missing"; return 1; fi
    say "taking Go from Debian $RESTIC_SUITE, unpacked under $VENV/"
    fetch_packages "$PWD/$VENV/go" golang-1.24-go golang-1.24-src || { rm -rf "$VENV/go"; return 1; }
    ln -sf ../go/root/usr/lib/go-1.24/bin/go "$VENV/bin/go"
  fi
  # What a module asks for beyond it comes by the module proxy, checked by the checksum database.
  export GOTOOLCHAIN=auto
}

# fetch_packages FOLDER PACKAGE...: packages of the next release, their signatures checked by apt, unpacked to FOLDER/root.
# SUITE names another release.
fetch_packages() {
  local folder=$1 suite=${SUITE:-$RESTIC_SUITE} mirror apt package
  shift
  mirror=$(debian_mirror)
  rm -rf "$folder"
  mkdir -p "$folder"/{lists/partial,cache/archives/partial,etc/preferences.d,root}
  : >"$folder/status"
  printf 'deb [signed-by=%s] %s %s main\n' "$DEBIAN_KEYRING" "$mirror" "$suite" >"$folder/sources.list"
  printf 'Package: *\nPin: release *\nPin-Priority: -1\n' >"$folder/etc/preferences"
  for package in "$@"; do
    printf '\nPackage: %s\nPin: release n=%s\nPin-Priority: 500\n' "$package" "$suite" >>"$folder/etc/preferences"
  done
  apt=(-qq -o "Dir::State=$folder" -o "Dir::State::lists=$folder/lists" -o "Dir::State::status=$folder/status" -o "Dir::Cache=$folder/cache"
    -o "Dir::Etc::sourcelist=$folder/sources.list" -o "Dir::Etc::sourceparts=$folder/etc/preferences.d"
    -o "Dir::Etc::preferences=$folder/etc/preferences" -o "Dir::Etc::preferencesparts=$folder/etc/preferences.d"
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Update::Post-Invoke::= -o DPkg::Post-Invoke::=)
  apt-get "${apt[@]}" update </dev/null >/dev/null || return 1
  (cd "$folder/cache" && apt-get "${apt[@]}" download "$@" </dev/null >/dev/null) || return 1
  for package in "$folder"/cache/*.deb; do dpkg-deb -x "$package" "$folder/root" || return 1; done
  rm -rf "$folder/lists" "$folder/cache"
}

# Prints the mirror this Debian uses itself, else the one everybody has.
debian_mirror() {
  local found
  found=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -n -E 's/^(deb |URIs:).*(https?:\/\/[^ ]*\/debian)\/?( .*)?$/\2/p' | head -n 1)
  printf '%s' "${found:-http://deb.debian.org/debian}"
}
