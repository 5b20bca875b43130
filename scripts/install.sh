#!/bin/sh
# install.sh install|uninstall: puts the command under $DESTDIR$PREFIX so that it runs without this checkout, or
# removes exactly that. NODE is the Node it shall run with.
set -eu
cd "$(dirname "$0")/.."
lib=$PREFIX/lib/tsbox
bin=$PREFIX/bin/tsbox
files='main oci doctor handback'

if [ "$1" = uninstall ]; then
  rm -f "$DESTDIR$bin" "$DESTDIR$lib/tsbox-shim" "$DESTDIR$lib/node"
  rm -rf "$DESTDIR$lib/node_modules"
  for file in tsbox $files; do rm -f "$DESTDIR$lib/$file.cjs" "$DESTDIR$lib/$file.cache"; done
  [ ! -d "$DESTDIR$lib" ] || rmdir "$DESTDIR$lib"
  echo "removed $DESTDIR$bin and $DESTDIR$lib"
  exit 0
fi

# The first line names Node absolutely: sudo's secure_path need not hold the one that tsbox runs with. It ends Node's own
# options: Node reads --env-file wherever it stands, also among the words of the program in the box.
case $NODE in
  "$PWD"/*) node=$lib/node ;;
  *) node=$NODE ;;
esac
case $node in
  *[[:space:]]*) echo "a script's first line cannot name a path with spaces: $node" >&2; exit 1 ;;
esac

mkdir -p "$DESTDIR$lib" "$DESTDIR$PREFIX/bin" || {
  echo "cannot write below $DESTDIR$PREFIX; try: sudo make install PREFIX=$PREFIX" >&2
  exit 1
}
# Each file is made beside its place and renamed, so that a running tsbox keeps the one it has.
place() { # source, target, mode
  cp --reflink=auto "$1" "$2.new"
  chmod "$3" "$2.new"
  mv -f "$2.new" "$2"
}
if [ "$node" = "$lib/node" ]; then
  cmp -s "$NODE" "$DESTDIR$node" || place "$NODE" "$DESTDIR$node" 755
else
  ln -sfn "$node" "$DESTDIR$lib/node"
fi
place "$SHIM" "$DESTDIR$lib/tsbox-shim" 755
for file in $files; do place "packages/cli/dist/$file.cjs" "$DESTDIR$lib/$file.cjs" 644; done
# What compiles system call filters is native code, and no part of the command's files.
native=$DESTDIR$lib/node_modules
if ! cmp -s node_modules/koffi/package.json "$native/koffi/package.json"; then
  rm -rf "$native.new" && mkdir -p "$native.new/@koromix"
  cp -r node_modules/koffi "$native.new/koffi"
  cp -r node_modules/@koromix/koffi-linux-* "$native.new/@koromix"
  rm -rf "$native" && mv "$native.new" "$native"
fi
# Without the cache tsbox runs all the same, some milliseconds later.
for program in main oci; do
  "$NODE" scripts/code-cache.cjs "$DESTDIR$lib" $program || rm -f "$DESTDIR$lib/$program.cache"
done
script=$(mktemp)
{ echo "#!$node --" && tail -n +2 packages/cli/dist/tsbox.cjs; } >"$script"
place "$script" "$DESTDIR$lib/tsbox.cjs" 755
rm -f "$script"
# The shim under the command's name: it knows the verbs whose plans are written, and hands over to tsbox.cjs beside it.
ln -sfn ../lib/tsbox/tsbox-shim "$DESTDIR$bin"
echo "installed $DESTDIR$bin (runs with $node)"
