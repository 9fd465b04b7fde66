// What people do with containers, in the words that Docker and Podman share.

import { type Case, sh } from "./case.ts";

const ROOTLESS = ["podman-rootless"];

const RUNNING: readonly Case[] = [
  {
    name: "run, and the runtime is the one that is tested",
    script: sh`
      $R --rm $I sh -c 'echo $(id -u) $(cat /proc/1/comm)'
      $R -d --name $N $I sleep 1000 > /dev/null
      [ "$(runtime_of $N)" = "$RT" ] && echo right`,
    sees: "0 sh\nright",
  },
  {
    name: "exit codes 42, 125, 126, 127, 137 and 139",
    script: sh`
      status $R --rm $I sh -c 'exit 42'
      status $R --rm --no-such-option $I true
      status $R --rm $I /etc/passwd
      status $R --rm $I no-such-program
      status $R --rm --init $I sh -c 'kill -KILL $$'
      status $R --rm --init $I sh -c 'kill -SEGV $$'`,
    sees: "42\n125\n126\n127\n137\n139",
  },
  {
    name: "run -it",
    script: sh`tty_of $R --rm -it $I sh -c '"tty; test -c /dev/console && echo console; exit 5"' || echo $?`,
    sees: "/dev/pts/0\nconsole\n5",
  },
  {
    name: "run -i reads what it is given",
    script: sh`echo text | $R --rm -i $I cat`,
    sees: "text",
  },
  {
    name: "run -d, logs, stop and wait",
    script: sh`
      $R -d --name $N $I sh -c 'trap "echo stopping; exit 7" TERM; echo out; echo err >&2; while :; do sleep 0.1; done' > /dev/null
      until_ok sh -c "$E logs $N 2>&1 | grep -q err"
      $E logs $N 2> /dev/null
      $E logs $N 2>&1 > /dev/null
      $E stop $N > /dev/null
      $E wait $N
      $E logs $N 2> /dev/null | tail -1`,
    sees: "out\nerr\n7\nstopping",
  },
  {
    name: "kill, by name and number of a signal",
    script: sh`
      $R -d --name $N $I sh -c 'trap "echo hup" HUP; trap "exit 3" USR1; echo ready; while :; do sleep 0.1; done' > /dev/null
      until_ok sh -c "$E logs $N | grep -q ready"
      $E kill --signal HUP $N > /dev/null
      until_ok sh -c "$E logs $N | grep -q hup"
      $E kill --signal 10 $N > /dev/null
      $E wait $N
      $E start $N > /dev/null
      $E kill $N > /dev/null
      $E wait $N`,
    sees: "3\n137",
  },
  {
    name: "a program that ends, then start, restart and rm --force",
    script: sh`
      $R --name $N $I sh -c 'echo run'
      $E start --attach $N
      $E restart $N > /dev/null
      $E wait $N
      $E rm --force $N > /dev/null
      status $E inspect $N`,
    sees: /^run\nrun\n0\n(1|125)$/,
  },
  {
    name: "restart policies",
    script: sh`
      $R -d --name $N --restart=on-failure:2 $I sh -c 'echo once; exit 1' > /dev/null
      until_ok is 'exited 2' $E inspect --format '{{.State.Status}} {{.RestartCount}}' $N
      $E logs $N
      $E inspect --format '{{.State.ExitCode}}' $N`,
    sees: "once\nonce\nonce\n1",
  },
  {
    name: "--init",
    script: sh`$R --rm --init $I sh -c 'cat /proc/1/comm; echo $(($$ > 1))'`,
    sees: /^(docker-init|podman-init)\n1$/,
  },
];

const EXEC: readonly Case[] = [
  {
    name: "exec -u, -w, -e and its exit codes",
    script: sh`
      $R -d --name $N $I sleep 1000 > /dev/null
      $E exec -u 1234:5678 -w /tmp -e A=b $N sh -c 'echo $(id -u) $(id -g) $(pwd) $A'
      status $E exec $N sh -c 'exit 3'
      status $E exec $N no-such-program
      status $E exec $N /etc/passwd
      echo text | $E exec -i $N cat`,
    sees: /^1234 5678 \/tmp b\n3\n12[67]\n126\ntext$/,
  },
  {
    name: "exec -it, exec -d and exec --privileged",
    script: sh`
      $R -d --name $N $I sleep 1000 > /dev/null
      tty_of $E exec -it $N sh -c '"tty; exit 4"' || echo $?
      $E exec -d $N touch /done > /dev/null
      until_ok $E exec $N test -e /done
      $E exec $N grep CapEff /proc/self/status
      [ "$($E exec --privileged $N grep CapEff /proc/self/status)" = "$($R --rm --privileged $I grep CapEff /proc/self/status)" ] && echo all`,
    sees: /^\/dev\/pts\/[01]\n4\nCapEff:\t00000000(a80425fb|800405fb)\nall$/,
  },
  {
    name: "top",
    script: sh`
      $R -d --name $N $I sh -c 'sleep 1000; :' > /dev/null
      until_ok sh -c "$E top $N | wc -l | grep -qx 3"
      $E top $N | grep -c "sleep 1000"`,
    sees: "2",
  },
  {
    name: "stats",
    script: sh`
      $R -d --name $N --memory 64m $I sleep 1000 > /dev/null
      $E stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' $N`,
    sees: /^1 .* \/ (64MiB|67\.11MB)$/,
  },
  {
    name: "pause and unpause",
    script: sh`
      $R -d --name $N $I sleep 1000 > /dev/null
      $E pause $N > /dev/null
      $E inspect --format '{{.State.Status}}' $N
      status $E exec $N true | sed 's/^[1-9].*/refused/'
      $E unpause $N > /dev/null
      $E inspect --format '{{.State.Status}}' $N
      $E exec $N echo goes on`,
    sees: "paused\nrefused\nrunning\ngoes on",
  },
  {
    name: "cp, both ways",
    script: sh`
      $R -d --name $N $I sleep 1000 > /dev/null
      echo in > file
      $E cp file $N:/tmp/file
      $E exec $N sh -c 'cat /tmp/file; echo out > /tmp/out'
      $E cp $N:/tmp/out out
      cat out`,
    sees: "in\nout",
  },
  {
    name: "health checks",
    script: sh`
      $R -d --name $N --health-cmd 'test -e /healthy' --health-interval 1s --health-retries 1 --health-start-period 0s $I sleep 1000 > /dev/null
      health() { if [ $E = podman ]; then $E healthcheck run $N > /dev/null 2>&1 || :; fi; $E inspect --format '{{.State.Health.Status}}' $N; }
      until_ok is unhealthy health
      $E exec $N touch /healthy
      until_ok is healthy health
      health`,
    sees: "healthy",
  },
];

const FILES: readonly Case[] = [
  {
    name: "--read-only, --tmpfs and --shm-size",
    script: sh`
      $R --rm --read-only --tmpfs /scratch:size=1m,mode=700 --shm-size 2m $I sh -c '
        touch /file 2> /dev/null || echo read-only
        touch /scratch/file && stat -c %a /scratch
        grep -E " /(scratch|dev/shm) " /proc/mounts | grep -oE "size=[0-9]+k" | sort'`,
    sees: "read-only\n700\nsize=1024k\nsize=2048k",
  },
  {
    name: "named volumes, and bind mounts that are read only",
    script: sh`
      mkdir data; echo host > data/file
      $E volume create $N > /dev/null
      $R --rm -v $N:/volume $I sh -c 'echo kept > /volume/file'
      $R --rm -v $N:/volume:ro -v $PWD/data:/data:ro --mount type=bind,src=$PWD/data,dst=/rw $I sh -c '
        cat /volume/file /data/file
        touch /data/new 2> /dev/null || echo read-only
        echo changed > /rw/file'
      cat data/file
      $E volume rm $N > /dev/null`,
    sees: "kept\nhost\nread-only\nchanged",
  },
  {
    name: "every propagation of a bind mount",
    script: sh`
      mkdir p; mount -t tmpfs none p; mount --make-shared p; trap 'umount p' EXIT
      for kind in private rprivate shared rshared slave rslave; do
        $R --rm --mount type=bind,src=$PWD/p,dst=/p,bind-propagation=$kind $I sh -c '
          grep " /p " /proc/self/mountinfo | sed "s/ - .*//" | grep -oE "(shared|master)" || echo private'
      done`,
    sees: "private\nprivate\nshared\nshared\nmaster\nmaster",
    except: ROOTLESS,
  },
  {
    name: "a mount that the host makes later, in a volume that is a slave",
    script: sh`
      mkdir -p p/later; mount --bind p p; mount --make-shared p; trap 'umount -R p' EXIT
      $R -d --name $N -v $PWD/p:/p:rslave $I sleep 1000 > /dev/null
      mount -t tmpfs none p/later; touch p/later/here
      $E exec $N ls /p/later
      $RM $N > /dev/null`,
    sees: "here",
    except: ROOTLESS,
  },
  {
    name: "--device, with what it permits",
    script: sh`
      $R --rm --device /dev/kmsg:/dev/other:r --device /dev/zero:/dev/both $I sh -c '
        stat -c "%F %t:%T" /dev/other
        head -c 3 /dev/both | wc -c
        ( : > /dev/other ) 2> /dev/null || echo not for writing
        mknod /dev/disk b 254 0 2> /dev/null && ( head -c 1 /dev/disk > /dev/null ) 2> /dev/null || echo not that one'`,
    sees: "character special file 1:b\n3\nnot for writing\nnot that one",
    except: ROOTLESS,
  },
  {
    name: "a writable layer: diff, commit, and a container of that image",
    script: sh`
      $R --name $N $I sh -c 'echo layer > /added'
      $E diff $N | grep added
      $E commit $N localhost/$N > /dev/null 2>&1
      $R --rm localhost/$N cat /added
      $E rm $N > /dev/null
      $E rmi localhost/$N > /dev/null`,
    sees: "A /added\nlayer",
  },
  {
    name: "an image that is built, with steps that run",
    script: sh`
      printf 'FROM %s\nENV A=b\nRUN echo $A $(id -u) > /made\nRUN --mount=type=tmpfs,dst=/t touch /t/x && ls /t >> /made\nUSER 1234\nWORKDIR /work\nCMD ["sh", "-c", "cat /made; id -u; pwd"]\n' $I > Dockerfile
      rm -rf /run/$RT
      $E build --no-cache --network none -q -t localhost/$N . > /dev/null
      $R --rm localhost/$N
      # The builder of Docker names no directory for the state: that of its runtime is there.
      [ $E = podman ] || [ -d /run/$RT ]
      $E rmi localhost/$N > /dev/null`,
    sees: "b 0\nx\n1234\n/work",
    alone: true,
  },
];

const PRIVILEGES: readonly Case[] = [
  {
    name: "--cap-add and --cap-drop",
    script: sh`
      $R --rm --cap-drop ALL $I grep -E 'Cap(Prm|Eff|Bnd|Amb)' /proc/self/status
      $R --rm --cap-drop ALL --cap-add NET_ADMIN --cap-add SYS_TIME $I grep -E 'CapEff' /proc/self/status`,
    sees: "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nCapEff:\t0000000002001000",
  },
  {
    name: "--security-opt: seccomp from a file and unconfined, no-new-privileges",
    script: sh`
      echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}' > profile.json
      $R --rm --security-opt seccomp=$PWD/profile.json $I sh -c 'mkdir /x 2>&1; grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status'
      $R --rm --security-opt seccomp=unconfined --security-opt no-new-privileges $I grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
      $R --rm $I grep -E '^Seccomp:' /proc/self/status`,
    sees: /^mkdir: can't create directory '\/x': (Operation not supported|Not supported)\nNoNewPrivs:\t0\nSeccomp:\t2\nNoNewPrivs:\t1\nSeccomp:\t0\nSeccomp:\t2$/,
  },
  {
    name: "AppArmor: the engine's own profile, and none",
    script: sh`
      $R --rm $I cat /proc/self/attr/current
      $R --rm --security-opt apparmor=unconfined $I cat /proc/self/attr/current`,
    sees: /^(docker-default|containers-default-[^ ]*) \(enforce\)\nunconfined$/,
    except: ROOTLESS,
  },
  {
    name: "--privileged",
    script: sh`
      $R --rm --privileged $I sh -c '
        grep -E "^(CapEff|Seccomp):" /proc/self/status
        mount -t tmpfs none /tmp && echo may mount
        grep -c " /proc/kcore " /proc/mounts
        test -c /dev/kmsg && echo devices'`,
    sees: "CapEff:\t000001ffffffffff\nSeccomp:\t0\nmay mount\n0\ndevices",
    except: ROOTLESS,
  },
  {
    name: "--user, --group-add, --workdir, --env and --entrypoint",
    script: sh`$R --rm --user 1234:5678 --group-add 99 --workdir /tmp -e A='b c' --entrypoint sh $I -c 'id -u; id -G; pwd; echo "$A"'`,
    sees: /^1234\n5678 99\n\/tmp\nb c$/,
  },
  {
    name: "--ulimit, --sysctl, --hostname, --domainname and --oom-score-adj",
    script: sh`
      $E run --rm --ulimit nofile=123:456 --ulimit core=0 --sysctl net.ipv4.ip_forward=1 --hostname somebody --oom-score-adj 500 $I sh -c '
        ulimit -n; ulimit -Hn; ulimit -c; cat /proc/sys/net/ipv4/ip_forward; hostname; cat /proc/self/oom_score_adj'`,
    sees: "123\n456\n0\n1\nsomebody\n500",
  },
];

const NAMESPACES: readonly Case[] = [
  {
    name: "--pid, --ipc, --net and --uts of the host",
    script: sh`
      for kind in pid ipc net uts; do
        here=$(if [ $kind = net ] || [ "$(id -u)" = 0 ]; then readlink /proc/self/ns/$kind; else $E unshare readlink /proc/self/ns/$kind; fi)
        there=$($E run --rm --$kind host $I readlink /proc/self/ns/$kind)
        other=$($R --rm $I readlink /proc/self/ns/$kind)
        [ "$here" = "$there" ] && [ "$here" != "$other" ] && echo $kind
      done`,
    sees: "pid\nipc\nnet\nuts",
  },
  {
    name: "--pid, --ipc and --net of another container",
    script: sh`
      $E run -d --name $N --ipc shareable $I sleep 1000 > /dev/null
      for kind in pid ipc net; do
        [ "$($E exec $N readlink /proc/self/ns/$kind)" = "$($E run --rm --$kind container:$N $I readlink /proc/self/ns/$kind)" ] && echo $kind
      done
      $R --rm --pid container:$N $I sh -c 'tr "\0" " " < /proc/1/cmdline'`,
    sees: "pid\nipc\nnet\nsleep 1000",
  },
  {
    name: "--pid host, and the container ends with its first process",
    script: sh`
      $R --name $N --pid host $I sh -c 'sleep 12345 & exit 6' || echo $?
      until_ok sh -c '! pgrep -f "^sleep 12345" | xargs -r ps -o pid,stat= -p | grep -v " Z" | grep -q "[0-9]"' || pgrep -fa "^sleep 12345"
      $E rm $N > /dev/null && echo removed`,
    sees: "6\nremoved",
    alone: true,
  },
  {
    name: "two containers of a network that talk to each other by name",
    script: sh`
      $E network create $N > /dev/null
      $E run -d --name $N-server --network $N $I sh -c 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www' > /dev/null
      client() { $E run --rm --network $N $I wget -q -O - http://$N-server/; }
      until_ok client; client
      $RM $N-server > /dev/null
      $E network rm $N > /dev/null`,
    sees: "hello",
  },
  {
    name: "a published port",
    script: sh`
      $E run -d --name $N -p 127.0.0.1::80 $I sh -c 'mkdir /www; echo hello > /www/index.html; exec httpd -f -p 80 -h /www' > /dev/null
      port=$($E port $N 80/tcp | sed 's/.*://')
      until_ok busybox wget -q -O got http://127.0.0.1:$port/
      cat got`,
    sees: "hello",
  },
  {
    name: "--network none",
    script: sh`$E run --rm --network none $I sh -c 'ip -o link | wc -l; ip link show lo | grep -q UP && echo up'`,
    sees: "1\nup",
  },
];

export const LIMITS: readonly Case[] = [
  {
    name: "--memory, --cpus, --pids-limit, --cpuset-cpus and --cpu-shares",
    script: sh`
      $R --rm --memory 64m --memory-swap 64m --memory-reservation 32m --cpus 0.5 --pids-limit 77 --cpuset-cpus 1 --cpu-shares 512 $I sh -c '
        cd /sys/fs/cgroup; cat memory.max memory.swap.max memory.low cpu.max pids.max cpuset.cpus cpu.weight'`,
    // Shares became a weight by another formula in version 1.3.2 of runc.
    sees: /^67108864\n0\n33554432\n50000 100000\n77\n1\n(20|59)$/,
  },
  {
    name: "update",
    script: sh`
      $R -d --name $N --memory 64m --memory-swap 64m $I sleep 1000 > /dev/null
      $E update --memory 80m --memory-swap 80m --cpus 0.3 --pids-limit 55 $N > /dev/null
      $E exec $N sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max'`,
    sees: "83886080\n30000 100000\n55",
  },
  {
    name: "an OOM is reported as one",
    // Rootless Podman has no limits without a scope of systemd, in which conmon may miss it: docs/engines/podman.md.
    except: ROOTLESS,
    script: sh`
      $R_CGROUPFS --name $N --memory 24m --memory-swap 24m $I dd if=/dev/zero of=/dev/shm/file bs=1M count=60 2> /dev/null || echo $?
      $E inspect --format '{{.State.OOMKilled}} {{.State.ExitCode}}' $N`,
    sees: "137\ntrue 137",
  },
  {
    name: "the container's own cgroup namespace, and that of the host",
    script: sh`
      $R --rm $I grep ^0:: /proc/self/cgroup
      $R --rm --cgroupns host $I grep ^0:: /proc/self/cgroup | grep -cE '(docker|libpod)'`,
    sees: "0::/\n1",
  },
];

const HUNDRED: readonly Case[] = [
  {
    name: "100 containers leave nothing behind",
    script: sh`
      $R --rm $I true
      census() {
        find /sys/fs/cgroup -type d | grep -E 'docker|libpod|machine|[0-9a-f]{64}' | grep -vE '/(docker|containerd)\.(service|socket)|conmon' || :
        grep -E 'overlay|netns|shm' /proc/self/mountinfo | awk '{ print $5 }' || :
        pgrep -l 'conmon|containerd-shim|^runt$|^sleep$' || :
        find /run -path '*runt*' -o -path '*/runc/*' -o -path '*/crun/*' 2> /dev/null | grep -vE '/@|runt-guest|credentials|systemd' || :
      }
      census | sort > before
      seq 50 | xargs -P 2 -I % $R --rm $I true
      seq 50 | xargs -P 2 -I % sh -c "$R -d --name $N-% $I sleep 777 > /dev/null && $RM $N-% > /dev/null"
      more() { census | sort | comm -13 before -; }
      until_ok is "" more || more
      $E ps -aq | wc -l`,
    sees: "0",
    minutes: 20,
    alone: true,
  },
];

/** All that both engines have. */
export const FAMILY = [...RUNNING, ...EXEC, ...FILES, ...PRIVILEGES, ...NAMESPACES, ...LIMITS, ...HUNDRED];

/** What depends on who makes the cgroups. */
export const CGROUPS: readonly Case[] = [
  ...RUNNING.slice(0, 1),
  ...EXEC.filter(({ name }) => /^(stats|top|pause)/.test(name)),
  ...FILES.filter(({ name }) => name.startsWith("--device")),
  ...LIMITS,
  ...HUNDRED,
];
