// What Docker alone has.

import { type Case, sh } from "./case.ts";

export const DOCKER: readonly Case[] = [
  {
    name: "the cgroup driver is systemd, with a scope for each container",
    script: sh`
      $E info --format '{{.CgroupDriver}} {{.CgroupVersion}}'
      id=$($R -d --name $N $I sleep 1000)
      systemctl is-active docker-$id.scope`,
    sees: "systemd 2\nactive",
  },
  {
    name: "docker info knows the runtime's version",
    script: sh`
      systemctl show docker --property MainPID --value > /dev/null
      $E info --format '{{json .Runtimes}}' | grep -o "\"$RT\"" | head -1
      $E info 2>&1 | grep -ciE "unknown output format|failed to retrieve" || :`,
    sees: /^"(runt|runc)"\n0$/,
  },
  {
    name: "the classic builder",
    script: sh`
      printf 'FROM %s\nENV A=b\nRUN echo $A $(id -u) > /made\nRUN cat /made\nCMD cat /made\n' $I > Dockerfile
      DOCKER_BUILDKIT=0 $E build --no-cache --network none -q -t localhost/$N . > /dev/null 2>&1
      $R --rm localhost/$N`,
    sees: "b 0",
  },
  {
    name: "an image pushed to a registry that runs in a container, and pulled from it",
    script: sh`
      mkdir -p root/tmp root/etc; binary=$(command -v docker-registry)
      cp --parents -L $binary $(ldd $binary | grep -o '/[^ ]*') root
      printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: /tmp/registry}}\nhttp: {addr: "127.0.0.1:5001"}\n' > root/etc/registry.yml
      tar -C root -c . | $E import - localhost/$N-registry > /dev/null
      $E run -d --name $N --network host localhost/$N-registry $binary serve /etc/registry.yml > /dev/null
      until_ok busybox wget -q -O - http://127.0.0.1:5001/v2/ || { $E logs $N; exit 1; }
      $E tag $I 127.0.0.1:5001/small
      $E push -q 127.0.0.1:5001/small > /dev/null
      $E rmi 127.0.0.1:5001/small > /dev/null
      $R --rm --pull always -q 127.0.0.1:5001/small echo pulled`,
    sees: "pulled",
  },
  {
    name: "containers outlive a daemon that is restarted, with live-restore",
    script: sh`
      $R -d --name $N $I sleep 1000 > /dev/null
      pid=$($E inspect --format '{{.State.Pid}}' $N)
      systemctl reset-failed docker.service; systemctl restart docker
      [ "$($E inspect --format '{{.State.Running}} {{.State.Pid}}' $N)" = "true $pid" ] && echo the same
      $E exec $N echo inside
      $E rm -f $N > /dev/null`,
    sees: "the same\ninside",
    alone: true,
  },
  {
    name: "checkpoint, and start from it",
    script: sh`
      $E run -d --name $N --network none --security-opt seccomp=unconfined $I sh -c 'n=0; while :; do n=$((n + 1)); echo $n > /tmp/n; sleep 0.2; done' > /dev/null
      until_ok $E exec $N test -s /tmp/n
      $E checkpoint create $N one > /dev/null
      $E inspect --format '{{.State.Status}}' $N
      $E start --checkpoint one $N
      $E inspect --format '{{.State.Status}}' $N
      $E rm -f $N > /dev/null`,
    sees: "exited\nrunning",
  },
];

/** Of a daemon whose containers have a user namespace. */
export const USER_NAMESPACE: readonly Case[] = [
  {
    name: "root is nobody outside, and may do inside what root may",
    script: sh`
      $R -d --name $N $I sh -c 'cat /proc/self/uid_map; touch /file; chown 1000 /file; stat -c %u /file; exec sleep 1000' > /dev/null
      until_ok sh -c "$E logs $N | grep -q ^1000"
      $E logs $N | tr -s ' '
      ps -o uid= -p "$($E inspect --format '{{.State.Pid}}' $N)" | tr -d ' '
      $E exec $N sh -c 'id -u; cat /proc/self/uid_map | tr -s " "'`,
    sees: /^0 200000 65536\n1000\n200000\n0\n 0 200000 65536$/,
  },
  {
    name: "limits, capabilities and a terminal",
    script: sh`
      $R --rm --memory 64m --cap-drop ALL $I sh -c 'cat /sys/fs/cgroup/memory.max; grep CapEff /proc/self/status'
      tty_of $R --rm -it $I tty`,
    sees: "67108864\nCapEff:\t0000000000000000\n/dev/pts/0",
  },
  {
    name: "--userns host and --privileged",
    script: sh`$R --rm --userns host --privileged $I sh -c 'tr -s " " < /proc/self/uid_map; grep CapEff /proc/self/status'`,
    sees: " 0 0 4294967295\nCapEff:\t000001ffffffffff".trim(),
  },
];
