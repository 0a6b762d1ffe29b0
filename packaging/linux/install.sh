#!/bin/sh
# Put Photospotter into this user's application menu (no root needed), or take it out again with --remove.
# The menu entry starts the program given by the first argument, by default this checkout's .venv/bin/photospotter.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(dirname -- "$(dirname -- "$here")")
data=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$data/applications/photospotter.desktop
icons=$data/icons/hicolor

refresh_menu() {
    if [ -d "$data/applications" ] && command -v update-desktop-database >/dev/null; then
        update-desktop-database -q "$data/applications"
    fi
}

if [ "${1:-}" = --remove ]; then
    rm -f -- "$entry" "$icons"/*/apps/photospotter.png "$icons/scalable/apps/photospotter.svg"
    refresh_menu
    exit 0
fi

program=${1:-$top/.venv/bin/photospotter}
case $program in /*) ;; *) program=$PWD/$program ;; esac
if [ ! -x "$program" ]; then
    echo "There is no program at $program: install Photospotter first, or name the program." >&2
    exit 1
fi
case $program in *[\"\`\$\\%]*)
    echo "A menu entry cannot start $program: its path has one of the characters \" \` \$ \\ %." >&2
    exit 1 ;;
esac

mkdir -p -- "$data/applications" "$icons/scalable/apps"
cp -- "$top/resources/icons/photospotter.svg" "$icons/scalable/apps/"
for size in 16 24 32 48 64 128 256 512; do
    mkdir -p -- "$icons/${size}x$size/apps"
    cp -- "$top/resources/icons/photospotter-$size.png" "$icons/${size}x$size/apps/photospotter.png"
done
while IFS= read -r line; do
    case $line in Exec=*) line="Exec=\"$program\" %F" ;; esac
    printf '%s\n' "$line"
done <"$here/photospotter.desktop" >"$entry"
refresh_menu
