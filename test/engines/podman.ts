// What Podman alone has, as root and as an ordinary user.

import { type Case, sh } from "./case.ts";

const BOTH: readonly Case[] = [
  {
    name: "a pod, with two containers that share its network and see each other's processes",
    script: sh`
      $E pod create --name $N --share net,ipc,uts,pid > /dev/null
      trap "$E pod rm -f -t 0 $N > /dev/null" EXIT
      $E run -d --pod $N $I sh -c 'mkdir /www; echo in the pod > /www/index.html; exec httpd -f -p 8080 -h /www' > /dev/null
      client() { $E run --rm --pod $N $I wget -q -O - http://127.0.0.1:8080/; }
      until_ok client; client
      $E run --rm --pod $N $I sh -c 'grep -l httpd /proc/[0-9]*/comm | wc -l'
      $E pod ps --noheading --filter name=$N --format '{{.Status}}'
      $E pod stop -t 0 $N > /dev/null
      $E pod ps --noheading --filter name=$N --format '{{.Status}}'`,
    sees: /^in the pod\n1\n(Running|Degraded)\nExited$/,
  },
  {
    name: "play kube",
    script: sh`
      cat > pod.yaml << EOF
apiVersion: v1
kind: Pod
metadata: {name: $N}
spec:
  restartPolicy: Never
  containers:
  - name: one
    image: $I
    command: [sh, -c, 'echo \$A; cat /data/file; exec sleep 1000']
    env: [{name: A, value: b}]
    resources: {limits: {memory: 64Mi}}
    securityContext: {readOnlyRootFilesystem: true, runAsUser: 1234}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes:
  - name: data
    hostPath: {path: $PWD/data, type: Directory}
EOF
      mkdir data; echo host > data/file; chmod -R a+rX . data
      trap "$E play kube --down pod.yaml > /dev/null" EXIT
      $E play kube pod.yaml > /dev/null
      until_ok sh -c "$E logs $N-one | grep -q host"
      $E logs $N-one
      $E exec $N-one sh -c 'id -u; cat /sys/fs/cgroup/memory.max'
      $E play kube --down pod.yaml > /dev/null
      status $E container exists $N-one`,
    sees: "b\nhost\n1234\n67108864\n1",
  },
  {
    name: "attach",
    script: sh`
      $R -d -i --name $N $I sh -c 'read line; echo got $line; exit 9' > /dev/null
      echo text | $E attach $N | grep . || :
      $E wait $N`,
    sees: "got text\n9",
  },
  {
    name: "--preserve-fds",
    script: sh`echo text > file; $R --rm --preserve-fds 1 $I sh -c 'cat <&3' 3< file`,
    sees: "text",
  },
  {
    name: "--passwd, --userns keep-id and a user's own entry",
    script: sh`
      $R --rm --user 1234 --passwd-entry 'somebody:x:1234:0::/:/bin/sh' $I id -un
      $R --rm --passwd=false --user 1234 $I grep -c 1234 /etc/passwd || echo none`,
    sees: "somebody\n0\nnone",
  },
  {
    name: "--cgroups: enabled and no-conmon",
    script: sh`
      for mode in enabled no-conmon; do $R --rm --cgroups $mode $I grep ^0:: /proc/self/cgroup; done`,
    sees: "0::/\n0::/",
  },
  {
    name: "--cgroups=disabled",
    script: sh`$R --rm --cgroups disabled $I echo no cgroup`,
    sees: "no cgroup",
  },
  {
    name: "health checks that Podman calls by itself, and start --attach",
    script: sh`
      $E create --name $N --health-cmd 'echo checked' $I sh -c 'echo started' > /dev/null
      $E start --attach $N`,
    sees: "started",
  },
  {
    name: "systemd inside",
    script: sh`
      $R -d --name $N --systemd always --rootfs /:O /sbin/init --unit=basic.target > /dev/null
      until_ok $E exec $N systemctl is-active basic.target
      $E exec $N systemctl is-active basic.target systemd-journald.service
      $E exec $N cat /proc/1/comm
      $E stop -t 60 $N > /dev/null
      $E inspect --format '{{.State.ExitCode}}' $N`,
    sees: "active\nactive\nsystemd\n0",
    except: ["podman-rootless"],
  },
  {
    name: "a container in another one",
    script: sh`
      $R --rm --privileged -e I=$I -e RT=$RT --rootfs /:O sh -c '
        inner() { podman --storage-driver vfs --root /tmp/root --runroot /tmp/run --cgroup-manager cgroupfs --runtime $RT "$@"; }
        inner import -q /var/tmp/layer.tar $I > /dev/null 2>&1
        inner run --rm --pull never --network none --cgroups disabled $I echo nested'`,
    sees: "nested",
    except: ["podman-rootless"],
  },
];

export const PODMAN: readonly Case[] = [
  ...BOTH,
  {
    name: "--userns auto, and given maps",
    script: sh`
      for file in /etc/subuid /etc/subgid; do grep -q ^containers: $file || echo containers:600000:131072 >> $file; done
      $R --rm --userns auto:size=1000 $I sh -c 'tr -s " " < /proc/self/uid_map; touch /file && stat -c %u /file'
      $R --rm --uidmap 0:300000:1000 --gidmap 0:300000:1000 $I sh -c 'tr -s " " < /proc/self/uid_map; touch /file && stat -c %u /file'`,
    sees: "0 600000 1000\n0\n 0 300000 1000\n0",
  },
  {
    name: "an idmapped volume",
    script: sh`
      mkdir data; touch data/file; chown 5:5 data/file; chmod 755 data
      $R --rm --uidmap 0:300000:1000 --gidmap 0:300000:1000 -v $PWD/data:/data:idmap $I stat -c %u /data/file`,
    sees: "5",
  },
  {
    name: "a unit of quadlet",
    script: sh`
      mkdir -p /run/containers/systemd; trap "systemctl stop $N; rm /run/containers/systemd/$N.container; systemctl daemon-reload" EXIT
      printf '[Container]\nImage=%s\nContainerName=%s\nExec=sleep 1000\nPodmanArgs=--memory=64m\n' $I $N > /run/containers/systemd/$N.container
      systemctl daemon-reload
      systemctl start $N
      systemctl is-active $N
      $E exec $N cat /proc/1/comm
      systemctl stop $N
      systemctl is-active $N || :
      status $E container exists $N`,
    sees: /^active\nsleep\n(inactive|failed)\n1$/,
    alone: true,
  },
  {
    name: "--sdnotify of the container",
    script: sh`
      systemd-run --quiet --wait --pipe --service-type notify -p NotifyAccess=all $R --rm --sdnotify container --rootfs /:O sh -c 'echo $NOTIFY_SOCKET; systemd-notify --ready'`,
    sees: "/run/notify/notify.sock",
  },
  {
    name: "checkpoint and restore",
    script: sh`
      $E run -d --name $N --network none $I sh -c 'n=0; while :; do n=$((n + 1)); echo $n > /tmp/n; sleep 0.2; done' > /dev/null
      until_ok $E exec $N test -s /tmp/n
      $E container checkpoint $N > /dev/null
      $E inspect --format '{{.State.Status}} {{.State.Checkpointed}}' $N
      $E container restore $N > /dev/null
      $E inspect --format '{{.State.Status}}' $N`,
    sees: "exited true\nrunning",
  },
];

export const PODMAN_ROOTLESS: readonly Case[] = [
  ...BOTH,
  {
    name: "--userns keep-id and nomap",
    script: sh`
      $R --rm --userns keep-id $I id -u
      $R --rm --userns nomap $I sh -c 'id -u; tr -s " " < /proc/self/uid_map | wc -l'`,
    sees: /^1000\n0\n1$/,
  },
  {
    name: "--userns auto",
    script: sh`$R --rm --userns auto:size=1000 $I sh -c 'tr -s " " < /proc/self/uid_map | cut -d" " -f4'`,
    sees: "1000",
    // The ids of containers that are there at the same time are taken.
    alone: true,
  },
];
