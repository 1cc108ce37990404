# Sourced by scripts/e2e-idps, scripts/e2e-scim and scripts/e2e-browser, which set
# name, cache (a folder that stays) and tmp (one that does not): installing what is
# missing, if that can be done by apt-get and as root.

die() { printf '%s: %s\n' "$name" "$*" >&2; exit 1; }

# quietly COMMAND… - shows what the command says only if it fails.
quietly() { "$@" </dev/null >"$tmp/log" 2>&1 || { tail -n 30 "$tmp/log" >&2; die "failed: $*"; }; }

updated=""
debian() {
  command -v apt-get >/dev/null || die "there is no apt-get; install by hand: $*"
  [ "$(id -u)" -eq 0 ] || die "run once as root, or install: $*"
  if [ -z "$updated" ]; then
    echo "$name: installing what is missing (once)" >&2
    quietly apt-get update -qq
    updated=1
  fi
}

# install_missing FUNCTION - installs the packages that the function prints,
# which prints none once they are there.
install_missing() {
  local missing
  mapfile -t missing < <("$1" | tr ' ' '\n')
  [ "${#missing[@]}" -gt 0 ] || return 0
  debian "${missing[@]}"
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120 "${missing[@]}"
  [ -z "$("$1")" ] || die "still missing after installing: $("$1" | tr '\n' ' ')"
}

has_php() {
  command -v php >/dev/null && php -r '
    foreach (["curl", "dom", "mbstring", "openssl", "session", "SimpleXML"] as $e) { extension_loaded($e) || exit(1); }'
}

# unpack NAME PACKAGE… - puts what is in packages of Debian into a folder of the
# cache. These are not installed, because they want a web server, which would
# start; here they are served by what PHP and Perl bring along.
unpack() {
  local name_=$1 package
  shift
  [ ! -d "$cache/$name_" ] || return 0
  debian "$@"
  mkdir "$tmp/$name_"
  for package in "$@"; do
    (cd "$tmp" && quietly apt-get download -qq "$package")
    dpkg-deb -x "$tmp/${package}"_*.deb "$tmp/$name_"
  done
  mv "$tmp/$name_" "$cache/$name_"
}

# npm_packages FOLDER NAME - installs the packages of the folder's lock file, one
# folder of the cache for each state of it, and sets npm_folder to that. Their
# install scripts do not run.
npm_packages() {
  npm_folder=$cache/$2-$(sha256sum "$1/package-lock.json" | cut -c 1-16)
  [ ! -d "$npm_folder" ] || return 0
  mkdir "$tmp/$2"
  cp "$1/package.json" "$1/package-lock.json" "$1/.npmrc" "$tmp/$2"
  (cd "$tmp/$2" && quietly npm ci --ignore-scripts --no-audit --no-fund)
  rm -rf "$cache/$2"-*
  mv "$tmp/$2" "$npm_folder"
}
