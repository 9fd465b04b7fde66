// Containers whose config.json, as the engine has written it, is kept as test data: `npm run test:engines -- --configs`.
// Each script starts a container with the name $N, or prints a config.json itself.

import { type Case, sh } from "./case.ts";

type Start = Pick<Case, "name" | "script">;

const LIMITED =
  "--memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 77 --cpuset-cpus 0 --ulimit nofile=123:456 --shm-size 2m --read-only --tmpfs /scratch --init --oom-score-adj 500";

const FAMILY: readonly Start[] = [
  { name: "plain", script: "$E run -d --name $N $I sleep 1000" },
  { name: "limited", script: `$R -d --name $N ${LIMITED} -e A=b -w /tmp -u 1234:5678 $I sleep 1000` },
  { name: "privileged", script: "$R -d --name $N --privileged $I sleep 1000" },
  {
    name: "mounts",
    script: sh`
      mkdir data
      $R -d --name $N -v $PWD/data:/data:ro --mount type=bind,src=$PWD/data,dst=/slave,bind-propagation=rslave --mount type=volume,dst=/volume --cap-drop ALL --cap-add NET_ADMIN --security-opt no-new-privileges $I sleep 1000`,
  },
  {
    name: "host",
    script: "$E run -d --name $N --pid host --net host --ipc host --uts host --cgroupns host $I sleep 1000",
  },
];

/** `config_of NAME` prints the configuration of a container that runs. */
export const CONFIGS: Readonly<
  Record<string, { readonly configOf: string; readonly starts: readonly Start[] }>
> = {
  docker: {
    configOf: sh`cat /run/containerd/io.containerd.runtime.v2.task/moby/$(docker inspect --format '{{.Id}}' $1)/config.json`,
    starts: FAMILY,
  },
  "docker-userns": {
    // Below a directory that the users of the daemon's containers may enter.
    configOf: sh`cat $(find /run -path "*$(docker inspect --format '{{.Id}}' $1)/config.json" | head -1)`,
    starts: FAMILY.slice(0, 1),
  },
  podman: {
    configOf: sh`cat $(podman inspect --format '{{.OCIConfigPath}}' $1)`,
    starts: [
      ...FAMILY,
      { name: "systemd", script: "$R -d --name $N --systemd always $I sleep 1000" },
      {
        name: "userns",
        script: "$R -d --name $N --uidmap 0:300000:65536 --gidmap 0:300000:65536 $I sleep 1000",
      },
    ],
  },
  "podman-rootless": {
    configOf: sh`cat $(podman inspect --format '{{.OCIConfigPath}}' $1)`,
    starts: [
      ...FAMILY.filter(({ name }) => name !== "mounts"),
      { name: "keep-id", script: "$R -d --name $N --userns keep-id $I sleep 1000" },
    ],
  },
  containerd: {
    configOf: "cat /run/containerd/io.containerd.runtime.v2.task/default/$1/config.json",
    starts: [
      { name: "plain", script: "run -d $I $N sleep 1000" },
      {
        name: "limited",
        script:
          "run -d --memory-limit 67108864 --cpus 0.5 --seccomp --cap-drop CAP_CHOWN --read-only $I $N sleep 1000",
      },
      { name: "privileged", script: "run -d --privileged $I $N sleep 1000" },
    ],
  },
  kubernetes: {
    configOf: "cat /run/containerd/io.containerd.runtime.v2.task/k8s.io/$ID/config.json",
    starts: [
      { name: "sandbox", script: "pod ''; ID=$POD" },
      {
        name: "container",
        script: sh`
          pod ''
          ID=$(container one '["sleep","1000"]' ',"linux":{"resources":{"memory_limit_in_bytes":67108864,"cpu_period":100000,"cpu_quota":50000,"cpu_shares":512,"oom_score_adj":500},"security_context":{"namespace_options":{"pid":1},"no_new_privs":true,"seccomp":{"profile_type":0}}}')
          start $ID`,
      },
    ],
  },
  buildah: {
    configOf: "until_ok sh -c 'ls /var/tmp/buildah*/config.json'; cat /var/tmp/buildah*/config.json",
    starts: [{ name: "run", script: "buildah from --name $N $I; buildah run $N -- sleep 20 &" }],
  },
};
