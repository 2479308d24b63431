# Shared by the scripts in this folder (sourced, never run): what the images are called and what goes into them.

. "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib.sh"
images=$root/hack/images
env_file=$cache/images.env
python=$root/.venv/bin/python
stock_base=python:3.11-slim-bookworm
pip_version=26.3
usual_images=(runtime operator versitygw)

version() { sed -n 's/^version = "\(.*\)"/\1/p' "$root/pyproject.toml"; }

# Ours are called flow-runtime and flow-operator, also in a registry; the others serve demo and tests alone.
repository() {
  case $1 in
    runtime | operator) echo "flow-$1" ;;
    versitygw | prometheus) echo "flow-operator/$1" ;;
    *) fail "no image called '$1'" "the names are: ${usual_images[*]} prometheus" ;;
  esac
}

# The makers' own images of the same releases, for a machine without Go.
stock_image() {
  case $1 in versitygw) echo versity/versitygw:v1.8.0 ;; prometheus) echo prom/prometheus:v3.16.0 ;; esac
}

# in_registry REGISTRY LOCAL_NAME: what an image that was built here is called there.
in_registry() {
  local repository=${2%:*}
  echo "${1%/}/${repository//\//-}:${2##*:}"
}

dockerfile() {
  case $1 in runtime | operator) echo "$1/Dockerfile" ;; *) echo "hack/images/$1.Dockerfile" ;; esac
}

# The sources that decide what an image is: an edit elsewhere rebuilds and reloads nothing.
code_of() {
  case $1 in
    runtime) sources runtime/flow_runtime ;;
    operator) sources operator/flow_operator runtime/flow_runtime/contracts runtime/flow_runtime/__init__.py ;;
  esac | { grep -v __pycache__ || true; }
}

# short_digest: 12 hexadecimal digits of standard input.
short_digest() {
  if command -v sha256sum > /dev/null; then sha256sum; else shasum -a 256; fi | cut -c1-12
}

read_env() { # read_env NAME: the reference of the image that was built last, empty if none was
  sed -n "s/^$(tr '[:lower:]' '[:upper:]' <<< "$1")_IMAGE=//p" "$env_file" 2> /dev/null
}

write_env() { # write_env NAME REFERENCE
  local variable
  variable=$(tr '[:lower:]' '[:upper:]' <<< "$1")_IMAGE
  { grep -v "^$variable=" "$env_file" 2> /dev/null || true; echo "$variable=$2"; } > "$env_file.new"
  mv "$env_file.new" "$env_file"
}
