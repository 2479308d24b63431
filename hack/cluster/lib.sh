# Shared by the scripts in this folder (sourced, never run): where things are, and how a step is shown.
# Runs on bash 3.2 too, which is what a Mac has.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/hack/cluster
cache=$root/.cache
bin=$cache/bin
logs=$cache/logs
# The engine is the machine's, so what we know of a dockerd that we started is not in the checkout.
engine_state=/var/lib/flow-operator/engine
own_kubeconfig=$cache/kubeconfig
cluster=flow-operator
kubernetes_version=v1.36.3
mkdir -p "$bin" "$logs"
# Ours first: the versions that are tested together. /usr/sbin is not on everybody's PATH.
export PATH=$bin:$PATH:/usr/sbin:/sbin

say() { printf '%s\n' "$*"; }

# fail MESSAGE WHAT_TO_DO: both to stderr, then the end of the script.
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  [ -z "${2:-}" ] || printf '  what to do: %s\n' "$2" >&2
  exit 1
}

# Tenths of a second since some moment; bash before 5 only has whole seconds.
tenths() {
  if [ -n "${EPOCHREALTIME:-}" ]; then echo $((${EPOCHREALTIME/[.,]/} / 100000)); else echo $((SECONDS * 10)); fi
}

# since START: "12.3 s".
since() {
  local t=$(($(tenths) - $1))
  printf '%d.%d s' $((t / 10)) $((t % 10))
}

done_line() { printf '  %8s  %s\n' "$(since "$2")" "$1"; } # done_line TITLE START

# attend PID TITLE START: shows that PID lives (a spinner on a terminal, else a line every 15 s) until it ends;
# its exit code is the result. A signal to us goes on to it.
attend() {
  local pid=$1 title=$2 start=$3 turn=0 next=150 mark='|/-\'
  trap 'kill -TERM -- "-$pid" 2> /dev/null; wait "$pid" 2> /dev/null; exit 130' INT TERM HUP
  while kill -0 "$pid" 2> /dev/null; do
    if [ -t 1 ]; then
      printf '\r  %8s  %s %s ' "$(since "$start")" "$title" "${mark:turn++%4:1}"
    elif [ $(($(tenths) - start)) -ge $next ]; then
      printf '  %8s  %s … still running\n' "$(since "$start")" "$title"
      next=$((next + 150))
    fi
    sleep 0.2
  done
  [ ! -t 1 ] || printf '\r\033[K'
  local code=0
  wait "$pid" || code=$?
  trap - INT TERM HUP
  return "$code"
}

# try LABEL TITLE COMMAND...: runs it in a process group of its own, output to .cache/logs/LABEL.log, and prints a
# line with the seconds if it succeeds. Returns its exit code.
try() {
  local label=$1 title=$2 start code=0 # no `name` here: callers' functions run below and see our locals
  shift 2
  start=$(tenths)
  set -m
  (
    set -e
    "$@"
  ) > "$logs/$label.log" 2>&1 < /dev/null &
  set +m
  attend $! "$title" "$start" || code=$?
  [ "$code" -ne 0 ] || done_line "$title" "$start"
  return "$code"
}

# step LABEL TITLE WHAT_TO_DO COMMAND...: as try, and a failure shows the end of the log and ends the script.
step() {
  local label=$1 title=$2 advice=$3 code
  shift 3
  set +e # not `try … ||`: that would switch -e off inside the step's own functions too
  try "$label" "$title" "$@"
  code=$?
  set -e
  [ "$code" -ne 0 ] || return 0
  printf 'The last lines of %s:\n' "$logs/$label.log" >&2
  tail -n 20 "$logs/$label.log" | sed 's/^/    /' >&2
  fail "$title (exit code $code; whole log: $logs/$label.log)" "$advice"
}

# locked NAME COMMAND...: one at a time on this checkout, where the system has flock.
locked() {
  local lock=$cache/$1.lock
  shift
  if command -v flock > /dev/null; then
    exec 9> "$lock"
    flock -n 9 || { say "  waiting for another run of $(basename "$0") …"; flock 9; }
  fi
  "$@"
}

# digest FILES...: 12 hexadecimal digits of the names and contents, in the given order, paths relative to the root.
digest() {
  local sum=sha256sum
  command -v $sum > /dev/null || sum='shasum -a 256'
  (cd "$root" && $sum "$@" | $sum | cut -c1-12)
}

# sources PATHS...: the files under these paths of the repository, sorted, relative to its root.
sources() { (cd "$root" && find "$@" -type f | LC_ALL=C sort); }

docker_answers() { command -v docker > /dev/null && docker version > /dev/null 2>&1; }

has_image() { docker image inspect "$1" > /dev/null 2>&1; }

# need_mmdebstrap OTHER_WAY: installs it as root on Debian, else fails and names the other way.
need_mmdebstrap() {
  ! command -v mmdebstrap > /dev/null || return 0
  [ "$(id -u)" -eq 0 ] && command -v apt-get > /dev/null ||
    fail "mmdebstrap is needed to make an image from Debian packages" "'sudo apt-get install mmdebstrap', or $1"
  step mmdebstrap "install mmdebstrap" "'apt-get install mmdebstrap' must work" \
    bash -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mmdebstrap'
}

# What kind v0.33.0 uses by itself.
stock_node_image=kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5

# node_image_tag: the name of the node image built here; it changes with its inputs. Debian packages are not in
# it: an image is not made anew because Debian has published a fix.
node_image_tag() {
  local inputs
  inputs=$(sources hack/cluster/node hack/cluster/node-image hack/cluster/build-go \
    hack/cluster/go/{kube,etcd,containerd,cni,coredns,pause})
  # shellcheck disable=SC2086  # one word a file; no blanks in our paths
  echo "flow-operator/node:$kubernetes_version-$(digest $inputs)"
}

nodes_of_cluster() { docker ps -aq --filter "label=io.x-k8s.kind.cluster=$cluster"; }

cluster_exists() { [ -n "$(nodes_of_cluster)" ]; }

# What `kind delete cluster` does; it works without kind, and for a cluster that another checkout has made.
remove_cluster() {
  # shellcheck disable=SC2046  # one word a container
  docker rm -f -v $(nodes_of_cluster)
  rm -f "$own_kubeconfig"
}

# CAP_SYS_RESOURCE is bit 24 of the bounding set of capabilities; where there is no such set, nothing lacks.
lacks_sys_resource() {
  local bounding
  bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status 2> /dev/null) && [ -n "$bounding" ] || return 1
  [ $((0x$bounding >> 24 & 1)) -eq 0 ]
}
