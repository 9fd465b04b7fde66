// containerd's side of Kubernetes: pods and their containers, as a kubelet asks for them.

import { type Case, sh } from "./case.ts";

/** Functions for pods: `$POD` is the last one, in the slice of systemd that a kubelet would have made. */
export const CRI_PRELUDE = sh`
HANDLER=$([ $RT = runt ] && echo runt || echo other)
# METHOD 'JSON' [what of the answer]
cri() {
  set -- "$@" ""
  local answer; answer=$(busybox wget -q -O - --post-data "$2" "http://127.0.0.1:7070/$1/$3")
  case $answer in 0*) echo "$answer" | tail -n +2;; *) echo "$answer" | tail -n +2 >&2; return 1;; esac
}
pod_config='{"metadata":{"name":"'$N'","uid":"'$N'","namespace":"default"},"hostname":"'$N'","log_directory":"'$PWD'",
  "linux":{"cgroup_parent":"/kubepods.slice/kubepods-pod'$N'.slice"'
pod() {
  pod_config="$pod_config$1}}"
  POD=$(cri RunPodSandbox '{"config":'"$pod_config"',"runtime_handler":"'$HANDLER'"}' pod_sandbox_id)
  echo $POD >> /var/tmp/pods-$N
}
# container NAME 'COMMAND as JSON' ['more fields']: prints the id
container() {
  cri CreateContainer '{"pod_sandbox_id":"'$POD'","sandbox_config":'"$pod_config"',"config":{"metadata":{"name":"'$1'"},
    "image":{"image":"'$I'"},"log_path":"'$1'.log","command":'"$2"''"$3"'}}' container_id
}
start() { cri StartContainer '{"container_id":"'$1'"}' > /dev/null; }
sync_in() { cri ExecSync '{"container_id":"'$1'","cmd":'"$2"'}' $3; }
state() { cri ContainerStatus '{"container_id":"'$1'"}' status.$2; }
stopped() { [ "$(state $1 state)" = 2 ]; }
drop() { cri StopPodSandbox '{"pod_sandbox_id":"'$1'"}' > /dev/null; cri RemovePodSandbox '{"pod_sandbox_id":"'$1'"}' > /dev/null; }
remove() { for id in $(cat /var/tmp/pods-$1); do drop $id || :; done; rm -f /var/tmp/pods-$1; }
`;

const SLEEP = `'["sleep","1000"]'`;

export const CRI: readonly Case[] = [
  {
    name: "the runtime handler has what a kubelet asks for",
    script: sh`
      cri Status '{}' status.conditions | grep -o '"RuntimeReady","status":true'
      cri Version '{"version":"v1"}' runtime_name
      containerd config dump | grep -c "runtimes.$HANDLER]"`,
    sees: /^"RuntimeReady","status":true\ncontainerd\n1$/,
  },
  {
    name: "a pod with a container: its state, its log and its exit code",
    script: sh`
      pod ''
      cri PodSandboxStatus '{"pod_sandbox_id":"'$POD'"}' status.runtime_handler
      id=$(container one '["sh","-c","echo out; echo err >&2; exit 7"]' '')
      start $id
      until_ok stopped $id
      state $id exit_code
      cut -d' ' -f2- one.log | sort
      cri PodSandboxStatus '{"pod_sandbox_id":"'$POD'"}' status.network.ip | grep -cE '^10\.'`,
    sees: /^(runt|other)\n7\nstderr F err\nstdout F out\n1$/,
  },
  {
    name: "containers of a pod share its network, hostname and IPC, not its processes",
    script: sh`
      pod ''
      one=$(container one ${SLEEP} ',"linux":{"security_context":{"namespace_options":{"pid":1}}}'); start $one
      two=$(container two ${SLEEP} ',"linux":{"security_context":{"namespace_options":{"pid":1}}}'); start $two
      for kind in net ipc uts pid; do
        [ "$(sync_in $one '["readlink","/proc/1/ns/'$kind'"]' stdout)" = "$(sync_in $two '["readlink","/proc/1/ns/'$kind'"]' stdout)" ] && echo $kind shared || echo $kind own
      done
      sync_in $one '["hostname"]' stdout | sed "s/$N/N/"`,
    sees: "net shared\nipc shared\nuts shared\npid own\nN",
  },
  {
    name: "ExecSync: output, errors, exit code and timeout",
    script: sh`
      pod ''
      id=$(container one ${SLEEP} ''); start $id
      sync_in $id '["sh","-c","echo out; echo err >&2; exit 3"]' stdout
      sync_in $id '["sh","-c","echo out; echo err >&2; exit 3"]' stderr
      sync_in $id '["sh","-c","echo out; echo err >&2; exit 3"]' exit_code
      sync_in $id '["no-such-program"]' stdout 2>&1 | grep -o 'executable file not found in $PATH'
      cri ExecSync '{"container_id":"'$id'","cmd":["sleep","1000"],"timeout":1}' 2>&1 | grep -o 'timeout 1s exceeded'`,
    sees: "out\nerr\n3\nexecutable file not found in $PATH\ntimeout 1s exceeded",
  },
  {
    name: "exec with streams, and with a terminal",
    script: sh`
      pod ''
      id=$(container one ${SLEEP} ''); start $id
      cri exec '{"container_id":"'$id'","cmd":["sh","-c","echo out; echo err >&2; exit 4"],"stdout":true,"stderr":true}' | grep -oE '^(out|err)$|"message":"4"' | sort
      cri exec '{"container_id":"'$id'","cmd":["head","-n","1"],"stdin":true,"stdout":true,"input":"text\n"}' | head -1
      cri exec '{"container_id":"'$id'","cmd":["sh","-c","tty"],"tty":true,"stdin":true,"stdout":true}' | tr -d '\r' | head -1`,
    sees: /^"message":"4"\nerr\nout\ntext\n\/dev\/pts\/0$/,
  },
  {
    name: "UpdateContainerResources and ContainerStats",
    script: sh`
      pod ''
      id=$(container one ${SLEEP} ',"linux":{"resources":{"memory_limit_in_bytes":67108864,"cpu_period":100000,"cpu_quota":50000,"cpu_shares":512,"oom_score_adj":500},"security_context":{"namespace_options":{"pid":1}}}'); start $id
      read_all() { sync_in $id '["sh","-c","cd /sys/fs/cgroup; cat memory.max cpu.max cpu.weight /proc/1/oom_score_adj"]' stdout; }
      read_all
      cri UpdateContainerResources '{"container_id":"'$id'","linux":{"memory_limit_in_bytes":83886080,"cpu_period":100000,"cpu_quota":30000}}' > /dev/null
      read_all | head -2
      used() { [ "$(cri ContainerStats '{"container_id":"'$id'"}' stats.memory.working_set_bytes.value)" -gt 0 ]; }
      until_ok used && echo stats`,
    sees: /^67108864\n50000 100000\n(20|59)\n500\n83886080\n30000 100000\nstats$/,
  },
  {
    name: "an OOM is reported as one",
    script: sh`
      pod ''
      # It lives long enough for the shim to hear of it before it hears of the end.
      id=$(container one '["sh","-c","tail /dev/zero; sleep 3; exit 137"]' ',"linux":{"resources":{"memory_limit_in_bytes":16777216}}'); start $id
      until_ok stopped $id
      state $id exit_code; state $id reason`,
    sees: "137\nOOMKilled",
  },
  {
    name: "a security context: user, capabilities, read-only root, no new privileges, seccomp",
    script: sh`
      pod ''
      id=$(container one ${SLEEP} ',"linux":{"security_context":{"run_as_user":{"value":1234},"readonly_rootfs":true,"no_new_privs":true,"capabilities":{"add_capabilities":["NET_ADMIN"],"drop_capabilities":["ALL"]},"seccomp":{"profile_type":0}}}'); start $id
      sync_in $id '["sh","-c","id -u; grep -E ^\\(CapBnd\\|Seccomp\\|NoNewPrivs\\): /proc/self/status; touch /x 2> /dev/null || echo read-only"]' stdout`,
    sees: "1234\nCapBnd:\t0000000000001000\nNoNewPrivs:\t1\nSeccomp:\t2\nread-only",
  },
  {
    name: "mounts of every propagation, and read only",
    script: sh`
      mkdir -p p/inner; mount --bind p p; mount --make-shared p; trap 'umount -R p' EXIT; mount -t tmpfs none p/inner
      pod ''
      id=$(container one ${SLEEP} ',"mounts":[{"container_path":"/a","host_path":"'$PWD'/p"},{"container_path":"/b","host_path":"'$PWD'/p","propagation":1},{"container_path":"/d","host_path":"'$PWD'/p","readonly":true}]'); start $id
      sync_in $id '["sh","-c","for d in a b d; do grep \" /$d \" /proc/self/mountinfo | sed \"s/ - .*//\" | grep -oE \"shared|master\" || echo private; touch /$d/file 2> /dev/null || echo $d read-only; done"]' stdout
      drop $POD`,
    sees: "private\nmaster\nprivate\nd read-only",
  },
  {
    name: "a privileged container in a pod of the node's network",
    script: sh`
      pod_config=$(echo "$pod_config" | sed 's/"hostname":"[^"]*",//')
      pod ',"security_context":{"privileged":true,"namespace_options":{"network":2,"pid":2,"ipc":2}}'
      id=$(container one ${SLEEP} ',"linux":{"security_context":{"privileged":true,"namespace_options":{"network":2,"pid":2,"ipc":2}}}'); start $id
      sync_in $id '["sh","-c","grep -E ^\\(CapEff\\|Seccomp\\): /proc/self/status; test -c /dev/kmsg && echo devices; readlink /proc/self/ns/net"]' stdout | sed "s/$(readlink /proc/self/ns/net | tr -dc 0-9)/the node/"`,
    sees: "CapEff:\t000001ffffffffff\nSeccomp:\t0\ndevices\nnet:[the node]",
  },
  {
    name: "a pod in a user namespace",
    script: sh`
      userns='"userns_options":{"mode":0,"uids":[{"host_id":300000,"container_id":0,"length":65536}],"gids":[{"host_id":300000,"container_id":0,"length":65536}]}'
      pod ',"security_context":{"namespace_options":{"pid":1,'"$userns"'}}'
      id=$(container one ${SLEEP} ',"linux":{"security_context":{"namespace_options":{"pid":1,'"$userns"'}}}'); start $id
      sync_in $id '["sh","-c","cat /proc/self/uid_map"]' stdout | tr -s ' '
      sync_in $id '["stat","-c","%u","/bin/busybox"]' stdout`,
    sees: "0 300000 65536\n0",
  },
  {
    name: "stop with a timeout, then remove, and nothing is left",
    script: sh`
      pod ''
      id=$(container one '["sh","-c","trap : TERM; while :; do sleep 0.1; done"]' ''); start $id
      cri StopContainer '{"container_id":"'$id'","timeout":1}' > /dev/null
      state $id exit_code
      cri RemoveContainer '{"container_id":"'$id'"}' > /dev/null
      drop $POD
      find /sys/fs/cgroup -path "*$POD*" -o -path "*$id*" | wc -l
      grep -cE "$POD|$id" /proc/self/mountinfo || :
      ls /run/containerd/runc/k8s.io /run/containerd/runt/k8s.io 2> /dev/null | grep -cE "$POD|$id" || :`,
    sees: "137\n0\n0\n0",
  },
];
