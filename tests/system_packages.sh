#!/bin/sh
# Installs what the tests of pages, beside other proxies and of the compiled build need,
# where that can be done.
set -eu
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v nginx >/dev/null || missing="$missing nginx-light"
command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || missing="$missing haproxy"
[ -x /usr/sbin/apache2 ] || missing="$missing apache2-bin"
[ -e /usr/lib/apache2/modules/mod_dav_svn.so ] || missing="$missing libapache2-mod-svn"
command -v svn >/dev/null || missing="$missing subversion"
command -v litmus >/dev/null || missing="$missing litmus"
compiler=$(sh compile.sh missing)
missing="$missing${compiler:+ $compiler}"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing$missing …"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && apt-get install -y -q --no-install-recommends $missing; } \
        >/dev/null || echo "That failed; the tests that need$missing are skipped."
else
    echo "For all tests: apt-get install$missing"
fi
