// Images that are built step by step, each step in a container.

import { type Case, sh } from "./case.ts";

export const BUILDAH: readonly Case[] = [
  {
    name: "run, and the runtime is the one that is tested",
    script: sh`
      c=$(buildah from --name $N $I)
      buildah run $c -- sh -c 'echo $(id -u) > /made; cat /made'
      state=$([ "$(id -u)" = 0 ] && echo /run/$RT || echo $XDG_RUNTIME_DIR/$RT)
      buildah run $c -- sleep 5 & until_ok sh -c "ls $state | grep -q buildah"
      echo $RT; wait`,
    sees: /^0\n(runt|crun)$/,
  },
  {
    name: "run: exit codes and what an error says",
    script: sh`
      c=$(buildah from --name $N $I)
      status buildah run $c -- sh -c 'exit 42'
      buildah run $c -- no-such-program 2>&1 | grep -oiE 'executable file (.no-such-program. )?not found in \$PATH' | tail -1 | sed 's/.no-such-program. //'
      status buildah run $c -- sh -c 'kill -KILL $$'`,
    sees: /^42\nexecutable file not found in \$PATH\n(137|0)$/i,
  },
  {
    name: "run in a terminal",
    script: sh`
      c=$(buildah from --name $N $I)
      tty_of buildah run -t $c -- sh -c '"tty; exit 5"' > seen || echo $?
      grep -v Error seen`,
    sees: "5\n/dev/pts/0",
  },
  {
    name: "run with a user, a volume, capabilities, a hostname and namespaces of the host",
    script: sh`
      mkdir data; echo host > data/file; chmod -R a+rX . data
      c=$(buildah from --name $N $I)
      buildah run --user 1234:5678 --volume $PWD/data:/data:ro --hostname somebody --cap-drop CAP_CHOWN $c -- sh -c 'id -u; id -g; cat /data/file; hostname; touch /data/x 2> /dev/null || echo read-only'
      [ "$(buildah run --network host $c -- readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ] && echo net
      buildah run --network none $c -- ip -o link | wc -l`,
    sees: "1234\n5678\nhost\nsomebody\nread-only\nnet\n1",
  },
  {
    name: "bud: steps, arguments, stages, mounts and secrets",
    script: sh`
      echo secret > secret
      printf 'FROM %s AS first\nARG WHAT\nRUN echo $WHAT > /made\nRUN --mount=type=secret,id=s cat /run/secrets/s >> /made\nRUN --mount=type=tmpfs,dst=/t touch /t/x && ls /t >> /made\nFROM %s\nCOPY --from=first /made /made\nUSER 1234\nRUN cat /made; id -u\n' $I $I > Containerfile
      buildah bud --build-arg WHAT=argument --secret id=s,src=secret -t localhost/$N . 2> /dev/null | grep -xE 'argument|secret|x|1234'
      buildah rmi localhost/$N > /dev/null`,
    sees: "argument\nsecret\nx\n1234",
  },
  {
    name: "bud: a step that fails",
    script: sh`
      printf 'FROM %s\nRUN exit 9\n' $I > Containerfile
      buildah bud -q . > out 2>&1 || echo $?
      grep -oE 'exit status 9' out | tail -1`,
    sees: "9\nexit status 9",
  },
  {
    name: "bud with limits",
    script: sh`
      printf 'FROM %s\nRUN cat /sys/fs/cgroup/memory.max; ulimit -n\n' $I > Containerfile
      buildah bud --memory 64m --ulimit nofile=123:456 . 2> /dev/null | grep -xE '67108864|123'`,
    sees: "67108864\n123",
  },
];
