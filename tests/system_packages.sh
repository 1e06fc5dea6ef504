#!/bin/sh
# Installs what the tests of pages, beside other proxies, of the compiled build and of the
# bench need, where that can be done.
set -eu
# Debian keeps servers where PATH of an ordinary user does not look.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
missing=""
is_there() { command -v "$1" >/dev/null; }
is_there chromium || missing="$missing chromium"
is_there chromium-headless-shell || missing="$missing chromium-headless-shell"
is_there nginx || missing="$missing nginx-light"
is_there haproxy || missing="$missing haproxy"
is_there apache2 || missing="$missing apache2-bin"
[ -e /usr/lib/apache2/modules/mod_dav_svn.so ] || missing="$missing libapache2-mod-svn"
is_there svn || missing="$missing subversion"
is_there litmus || missing="$missing litmus"
is_there wrk || missing="$missing wrk"
compiler=$(sh compile.sh missing)
missing="$missing${compiler:+ $compiler}"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && is_there apt-get; then
    echo "Installing$missing …"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } \
        >make.log 2>&1 \
        || echo "That failed, make.log says why; the tests that need$missing are skipped."
else
    echo "For all tests: apt-get install$missing"
fi
