#!/usr/bin/env bash
# Run a command that should open Photospotter's window on the X display at hand; succeed once the window is mapped.
# Usage: xvfb-run -a .ci/see_window.sh COMMAND [SECONDS]
set -euo pipefail

command=$1
patience=${2:-300}
log=$(mktemp)
export QT_QPA_PLATFORM=xcb
setsid bash -c "$command" >"$log" 2>&1 &
started=$!
trap 'kill -TERM -- -"$started" 2>/dev/null || true; rm -f -- "$log"' EXIT

for ((second = 0; second < patience; second++)); do
    # A title alone may belong to a window that was never shown.
    while read -r id; do
        if xwininfo -id "$id" 2>/dev/null | grep -q 'Map State: IsViewable'; then
            echo "window on screen after $second s: $(xwininfo -id "$id" | sed -n 's/^xwininfo: Window id: //p')"
            exit 0
        fi
    done < <(xwininfo -root -tree | awk '/"[^"]*Photospotter/ {print $1}')
    if ! kill -0 "$started" 2>/dev/null; then
        echo "the command ended without showing a window:" >&2
        cat -- "$log" >&2
        exit 1
    fi
    sleep 1
done
echo "no window within $patience s:" >&2
cat -- "$log" >&2
exit 1
