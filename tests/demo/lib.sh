# Shared by the demonstration's scripts. Everything lies under ./demo; nothing in it is real.
set -eu
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${TANDEM_BIN:-$root/build/release}
demo=${TANDEM_DEMO:-$root/demo}
port=${TANDEM_PORT:-7443}
export TANDEM_HOME=$demo/people
export PATH=$bin:$PATH
main_audit=FCA-2026-0001

as() { # as PROFILE COMMAND...
    local who=$1
    shift
    TANDEM_PROFILE=$who tandem "$@"
}

start_server() { # starts tandemd, waits for its one line, leaves its number in $server
    rm -f "$demo/ready"
    mkfifo "$demo/ready"
    tandemd serve --data "$demo/site" --listen "127.0.0.1:$port" >"$demo/ready" 2>>"$demo/server.log" &
    server=$!
    if ! IFS= read -r line <"$demo/ready"; then
        wait "$server" || true
        echo "The server did not start. The end of $demo/server.log says why:" >&2
        tail -5 "$demo/server.log" >&2
        rm -f "$demo/ready"
        exit 1
    fi
    rm -f "$demo/ready"
    echo "tandemd: $line"
}

stop_server() {
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
}
