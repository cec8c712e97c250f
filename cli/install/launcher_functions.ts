/**
 * The launcher's functions, in `sh`, which has no lists: permissions are gathered as text with a comma before each.
 * A comma divides in Deno's options, and nothing can hide it: a path with one gets the permission for the folder above.
 */
export const LAUNCHER_FUNCTIONS = String.raw`reads= writes= nets= runs= envs= all_reads= all_nets= seen=
spawned= spawn= binary=

# undivided PATH: sets path, to the folder above where PATH has a comma; to nothing if that is the root.
undivided() {
  path=$1
  case $path in
    *,*)
      path=./${"$"}{1%%,*}
      case $1 in /*) path=${"$"}{1%%,*} ;; esac
      path=${"$"}{path%/*}
      ;;
  esac
}

# Standard input and output need no permission.
read_path() {
  undivided "$1"
  case $path in - | '') ;; *) reads=$reads,$path ;; esac
}

write_path() {
  undivided "$1"
  case $path in - | '') ;; *) writes=$writes,$path ;; esac
}

# attached TEXT: files that stand in it behind =@, up to a comma.
attached() {
  rest=$1
  while :; do
    case $rest in *=@*) rest=${"$"}{rest#*=@}; read_path "${"$"}{rest%%,*}" ;; *) break ;; esac
  done
}

# folder PATH: the folder that PATH is in.
folder() {
  case $1 in - | '') return ;; esac
  folder=$1
  while :; do case $folder in ?*/) folder=${"$"}{folder%/} ;; *) break ;; esac; done
  case $folder in
    /*) folder=${"$"}{folder%/*}; folder=${"$"}{folder:-/} ;;
    */*) folder=${"$"}{folder%/*} ;;
    *) folder=. ;;
  esac
  read_path "$folder"
  write_path "$folder"
}

# socket ADDRESS: tcp:HOST:PORT, tcp::PORT or unix:PATH.
socket() {
  case $1 in
    unix:*,*) ;;
    unix:?*)
      read_path "${"$"}{1#unix:}"
      write_path "${"$"}{1#unix:}"
      case $1 in unix:/*) nets=$nets,$1 ;; *) nets=$nets,unix:$PWD/${"$"}{1#unix:} ;; esac
      ;;
    tcp:*:*)
      address=${"$"}{1#tcp:}
      case $address in :*) address=127.0.0.1$address ;; esac
      case ${"$"}{address%:*} in '' | *[!]A-Za-z0-9.:_[-]*) return ;; esac
      case ${"$"}{address##*:} in '' | ??????* | *[!0-9]*) return ;; esac
      nets=$nets,$address
      ;;
  esac
}

# target ADDRESS: a socket, dir:PATH or PATH/.
target() {
  case $1 in
    dir:?*) read_path "${"$"}{1#dir:}"; write_path "${"$"}{1#dir:}" ;;
    ?*/) read_path "$1"; write_path "$1" ;;
    *) socket "$1" ;;
  esac
}

run_program() {
  case $1 in '' | *,*) ;; *) runs=$runs,$1 ;; esac
}

# installed PROGRAM...: those that are there.
installed() {
  for program in "$@"; do
    if command -v "$program" >/dev/null 2>&1; then run_program "$program"; fi
  done
}

temporary() {
  read_path "${"$"}{TMPDIR:-/tmp}"
  write_path "${"$"}{TMPDIR:-/tmp}"
}

# A QEMU is started, and spoken to over sockets in a folder of its own, whose name is not known yet.
spawn() {
  all_nets=1
  temporary
  if [ -z "$seen" ]; then
    operand 1 "$spawn"
    spawn=
  fi
  case $spawn in
    *[\'\"\\]*' '*) ;;
    ?*) run_program "${"$"}{spawn%%[[:space:]]*}" ;;
    *)
      all_reads=1
      if [ -n "$binary" ]; then run_program "$binary"; else qemus; fi
      ;;
  esac
}

# Each QEMU that is found by its name.
qemus() {
  found=$PATH
  while [ -n "$found" ]; do
    for program in "${"$"}{found%%:*}"/qemu "${"$"}{found%%:*}"/qemu-kvm "${"$"}{found%%:*}"/qemu-system-*; do
      if [ -f "$program" ] && [ -x "$program" ]; then run_program "$program"; fi
    done
    case $found in *:*) found=${"$"}{found#*:} ;; *) found= ;; esac
  done
}
`;
