#!/bin/sh
# Compiles the hot modules into a folder (.venv/compiling), as well as the compiler can at
# a level (3); docs/compiled.md. Where that cannot be done, one line says why, and it exits
# with 1. `compile.sh missing` names the packages that are missing, and compiles nothing.
set -u
to=${1:-.venv/compiling}
level=${2:-3}
python=.venv/bin/python
interpreted="The hot modules run interpreted, which takes more CPU"

missing=$($python - <<'PYTHON'
import os, shutil, sys, sysconfig

compiler = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]
headers = os.path.join(sysconfig.get_path("include"), "Python.h")
packages = {
    "gcc": shutil.which(compiler),
    "python%d.%d-dev" % sys.version_info[:2]: os.path.exists(headers),
}
print(*(name for name, is_there in packages.items() if not is_there))
PYTHON
)
if [ "$to" = missing ]; then
    echo "$missing"
    exit 0
fi
if [ -n "$missing" ]; then
    echo "$interpreted; to compile them: apt-get install $missing"
    exit 1
fi
echo "Compiling the hot modules (once, half a minute; COMPILED=no leaves it out) …"
if { $python -m pip install -q --disable-pip-version-check --no-deps --require-hashes \
        -r requirements-compile.lock \
    && COMPILE_TO=$to/c COMPILE_LEVEL=$level $python setup.py -q build_ext --parallel 2 \
        --build-temp "$to/o" --build-lib "$to/lib"
    } >make.log 2>&1; then
    exit 0
fi
echo "$interpreted: compiling failed, make.log says why"
exit 1
