// The engines of the matrix: how each is given a runtime, and what it has to do then. `runt` is given as docs/engines
// says it, by the very command that is there.

import { readFileSync } from "node:fs";
import { BUILDAH } from "./buildah.ts";
import type { Case } from "./case.ts";
import { CONTAINERD } from "./containerd.ts";
import { CRI, CRI_PRELUDE } from "./cri.ts";
import { DOCKER, USER_NAMESPACE } from "./docker.ts";
import { CGROUPS, FAMILY } from "./family.ts";
import { PODMAN, PODMAN_ROOTLESS } from "./podman.ts";

export interface Engine {
  readonly name: string;
  /** The runtime that it comes with. */
  readonly peer: "runc" | "crun";
  /** It belongs to the ordinary user of the machine. */
  readonly rootless?: true;
  readonly cases: readonly Case[];
  /** Shell functions that cases call. */
  readonly prelude: string;
  /** As root, before the first case. */
  start(runtime: string): string;
  /** As who owns the engine, after `start`. */
  readonly prepare: string;
  /** As root, after the last case. */
  readonly stop: string;
  /** What the table says of it. */
  readonly version: string;
}

/** Where the checkout is in the machine. */
const CHECKOUT = "/checkout";

/** The command of a page of docs/engines: its n-th block of `sh`. */
export function documented(page: string, block = 0): string {
  const text = readFileSync(`${CHECKOUT}/docs/engines/${page}.md`, "utf8");
  const command = [...text.matchAll(/^```sh\n(.*?)\n```$/gms)][block]?.[1];
  if (command === undefined) throw new Error(`${page}.md has no command ${block}`);
  return command;
}

export const INSTALL = `install -m 755 ${CHECKOUT}/dist/runt /usr/local/sbin/runt`;

const DAEMON = "/etc/docker/daemon.json";

function docker(name: string, settings: Record<string, unknown>, cases: readonly Case[]): Engine {
  const changed = `node -e '
    const fs = require("fs");
    const config = fs.existsSync("${DAEMON}") ? JSON.parse(fs.readFileSync("${DAEMON}")) : {};
    fs.mkdirSync("/etc/docker", { recursive: true });
    fs.writeFileSync("${DAEMON}", JSON.stringify({ ...config, ...${JSON.stringify(settings)} }));'`;
  return {
    name,
    peer: "runc",
    cases,
    prelude: `E=docker R="docker run --network none" R_CGROUPFS="$R" RM="docker rm -f"
      remove() { docker ps -aq --filter name=$1 | xargs -r docker rm -fv; }
      runtime_of() { docker inspect --format '{{.HostConfig.Runtime}}' $1; }`,
    start: (runtime) =>
      [
        ...(runtime === "runt" ? [INSTALL, documented("docker"), documented("docker", 1)] : []),
        changed,
        "systemctl reset-failed docker.service docker.socket || :",
        "systemctl restart docker.service",
      ].join("\n"),
    prepare: "docker image inspect $I > /dev/null 2>&1 || docker import /var/tmp/layer.tar $I > /dev/null",
    stop: `
      docker ps -aq | xargs -r docker rm -fv > /dev/null 2>&1 || :
      systemctl stop docker.socket docker.service containerd.service
      rm -f ${DAEMON} /etc/systemd/system/docker.service.d/runt.conf
      systemctl daemon-reload`,
    version: "docker version --format '{{.Server.Version}}'",
  };
}

const PODMAN_CONF = "/etc/containers/containers.conf.d/runt.conf";

function podman(name: string, cases: readonly Case[]): Engine {
  return {
    name,
    peer: "crun",
    cases: cases.filter(({ except }) => !except?.includes(name)),
    prelude: `E=podman R="podman run --network none" R_CGROUPFS="podman --cgroup-manager=cgroupfs run --network none" RM="podman rm -f -t 0"
      remove() { podman ps -aq --filter name=$1 | xargs -r podman rm -fvt 0; }
      runtime_of() { podman inspect --format '{{.OCIRuntime}}' $1; }`,
    start: (runtime) => `${INSTALL}\n${runtime === "runt" ? documented("podman") : `rm -f ${PODMAN_CONF}`}`,
    prepare: "podman image exists $I || podman import -q /var/tmp/layer.tar $I > /dev/null",
    stop: `rm -f ${PODMAN_CONF}`,
    version: "podman version --format '{{.Client.Version}}'",
  };
}

const ARCHIVE = "/var/tmp/small.tar";
/** An image for clients of containerd, and one whose program does nothing, as pods have it. */
const SAVE = `test -e ${ARCHIVE} || {
  podman image exists $I || podman import -q /var/tmp/layer.tar $I > /dev/null
  printf 'FROM %s\\nENTRYPOINT ["sleep", "1000000"]\\n' $I | podman build -q -t localhost/pause:latest - > /dev/null
  podman save --quiet --multi-image-archive --output ${ARCHIVE} $I localhost/pause:latest
}`;
const STOP_CONTAINERD =
  "systemctl stop containerd.service; rm -f /etc/containerd/config.toml /etc/cni/net.d/10-test.conflist";

const CONTAINERD_ENGINE: Engine = {
  name: "containerd",
  peer: "runc",
  cases: CONTAINERD,
  prelude: `
    RUN="ctr run --runc-binary $(command -v $RT)"
    run() { $RUN "$@"; }
    remove() { ctr tasks kill -s SIGKILL $1 || :; until_ok no_task $1; ctr containers rm $1; }
    no_task() { ! ctr tasks ls -q | grep -x $1 || ctr tasks rm -f $1; }`,
  start: (runtime) => `
    ${INSTALL}
    systemctl restart containerd.service
    ${SAVE}
    ctr images import ${ARCHIVE} > /dev/null
    ctr images tag --force $I docker.io/library/busybox:latest > /dev/null
    ${runtime === "runt" ? `[ "$(${documented("containerd")})" = hello ]` : ""}`,
  prepare: "",
  stop: STOP_CONTAINERD,
  version: "ctr version | awk '/Version/ { v = $2 } END { print v }'",
};

const NETWORK = JSON.stringify({
  cniVersion: "1.0.0",
  name: "test",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      ipMasq: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.99.0.0/16" }]] },
    },
  ],
});

/** For runc there is another handler beside the default one, which is all the same but for the binary. */
function kubernetesConfig(runtime: string): string {
  const command = documented("kubernetes");
  if (runtime === "runt") return command;
  return command
    .replaceAll("runtimes.runt", "runtimes.other")
    .replace("/usr/local/sbin/runt", "/usr/sbin/runc");
}

const CRI_ENGINE: Engine = {
  name: "kubernetes",
  peer: "runc",
  cases: CRI,
  prelude: CRI_PRELUDE,
  start: (runtime) => `
    ${INSTALL}
    mkdir -p /etc/cni/net.d /opt/cni; test -e /opt/cni/bin || ln -s /usr/lib/cni /opt/cni/bin
    echo '${NETWORK}' > /etc/cni/net.d/10-test.conflist
    ${kubernetesConfig(runtime)}
    ${SAVE}
    pause=$(containerd config dump | sed -n 's/.*sandbox_image = "\\(.*\\)"/\\1/p')
    ctr -n k8s.io images import ${ARCHIVE} > /dev/null
    ctr -n k8s.io images tag --force localhost/pause:latest $pause > /dev/null
    setsid node ${CHECKOUT}/dist/cri.mjs 7070 < /dev/null > /dev/null 2>&1 & echo $! > /run/cri.pid
    for n in {1..150}; do busybox wget -q -O - --post-data '{}' http://127.0.0.1:7070/Version && break; sleep 0.2; done`,
  prepare: "",
  stop: `kill $(cat /run/cri.pid); ${STOP_CONTAINERD}`,
  version: CONTAINERD_ENGINE.version,
};

function buildah(name: string): Engine {
  return {
    name,
    peer: "crun",
    cases: BUILDAH,
    prelude: `
      export BUILDAH_RUNTIME=$(command -v $RT)
      [ $RT != runt ] || eval '${documented("buildah")}'
      remove() { buildah rm $1; }`,
    start: () => INSTALL,
    prepare: podman(name, []).prepare,
    stop: ":",
    version: 'buildah version --json | sed -n \'s/.*"version": *"\\(.*\\)".*/\\1/p\'',
  };
}

function rootless(engine: Engine): Engine {
  return { ...engine, rootless: true };
}

export const ENGINES: readonly Engine[] = [
  docker("docker", { experimental: true, "live-restore": true }, [...FAMILY, ...DOCKER]),
  docker("docker-cgroupfs", { "exec-opts": ["native.cgroupdriver=cgroupfs"] }, CGROUPS),
  docker("docker-userns", { "userns-remap": "tester" }, USER_NAMESPACE),
  podman("podman", [...FAMILY, ...PODMAN]),
  rootless(podman("podman-rootless", [...FAMILY, ...PODMAN_ROOTLESS])),
  CONTAINERD_ENGINE,
  CRI_ENGINE,
  buildah("buildah"),
  rootless(buildah("buildah-rootless")),
];
