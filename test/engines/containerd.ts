// containerd's own client, with the shim for runtimes that have runc's command line.

import { type Case, sh } from "./case.ts";

/** `run` is `ctr run` with the runtime that is tested. */
export const CONTAINERD: readonly Case[] = [
  {
    name: "run, exit codes, and what an error says",
    script: sh`
      run --rm $I $N sh -c 'echo $(id -u) $(cat /proc/1/comm)'
      status run --rm $I $N sh -c 'exit 42'
      run --rm $I $N no-such-program 2>&1 | grep -o 'exec: "no-such-program": executable file not found in $PATH'
      run --rm $I $N /etc/passwd 2>&1 | grep -o 'permission denied'
      ctr tasks ls -q`,
    sees: `0 sh\n42\nexec: "no-such-program": executable file not found in $PATH\npermission denied`,
    alone: true,
  },
  {
    name: "the runtime is the one that is tested",
    script: sh`
      run -d $I $N sleep 1000
      ctr containers info $N | sed -n 's/.*"value": *"\(.*\)".*/\1/p' | base64 -d | grep -aq "/$RT" && echo right`,
    sees: "right",
  },
  {
    name: "exec, with a terminal, with another user and directory",
    script: sh`
      run -d $I $N sleep 1000
      ctr tasks exec --exec-id one --user 1234 --cwd /tmp $N sh -c 'echo $(id -u) $(pwd)'
      status ctr tasks exec --exec-id two $N sh -c 'exit 3'
      ctr tasks exec --exec-id three $N no-such-program 2>&1 | grep -o 'executable file not found in $PATH'
      tty_of ctr tasks exec --exec-id four -t $N tty | head -1`,
    sees: "1234 /tmp\n3\nexecutable file not found in $PATH\n/dev/pts/0",
  },
  {
    name: "run -t",
    script: sh`tty_of $RUN --rm -t $I $N sh -c '"tty; exit 5"' || echo $?`,
    sees: "/dev/pts/0\n5",
  },
  {
    name: "pause, resume, ps, metrics, kill and rm",
    script: sh`
      run -d --memory-limit 67108864 $I $N sleep 1000
      ctr tasks pause $N; ctr tasks ls | grep $N | awk '{ print $3 }'
      ctr tasks resume $N; ctr tasks ls | grep $N | awk '{ print $3 }'
      ctr tasks ps $N | wc -l
      ctr tasks metrics $N | grep -q memory && echo metrics
      ctr tasks kill --signal SIGKILL $N
      until_ok sh -c "ctr tasks ls | grep $N | grep -q STOPPED"
      status ctr tasks kill $N | sed 's/^[1-9].*/refused/'
      ctr tasks rm $N 2>&1 | grep -o 137 || :
      ctr containers rm $N; ctr containers ls -q | grep -c $N || :`,
    sees: /^PAUSED\nRUNNING\n2\nmetrics\nrefused\n(137\n)?0$/,
  },
  {
    name: "kill --all, with processes that the first one leaves in its pid namespace of the host",
    script: sh`
      run -d --with-ns pid:/proc/1/ns/pid $I $N sh -c 'sleep 54321 & exec sleep 54322'
      until_ok pgrep -f '^sleep 54321'
      ctr tasks kill --all --signal SIGKILL $N
      until_ok sh -c '! pgrep -f "^sleep 5432[12]"'
      until_ok ctr tasks rm $N; ctr containers rm $N && echo removed`,
    sees: "removed",
  },
  {
    name: "limits, capabilities, seccomp, AppArmor and --privileged",
    script: sh`
      run -d --memory-limit 67108864 --cpus 0.5 $I $N sleep 1000
      cd /sys/fs/cgroup$(sed -n 's/^0:://p' /proc/$(ctr tasks ls | grep $N | awk '{ print $2 }')/cgroup); cat memory.max cpu.max; cd /
      remove $N > /dev/null 2>&1
      run --rm --cap-drop CAP_CHOWN --cap-add CAP_SYS_TIME --seccomp $I $N grep -E '^(CapEff|Seccomp|NoNewPrivs):' /proc/self/status
      run --rm --privileged $I $N grep -E '^(CapEff|Seccomp):' /proc/self/status`,
    sees: "67108864\n50000 100000\nCapEff:\t00000000aa0425fa\nNoNewPrivs:\t1\nSeccomp:\t2\nCapEff:\t000001ffffffffff\nSeccomp:\t0",
  },
  {
    name: "mounts, a root that is read only, the host's network, a device and a hostname",
    script: sh`
      echo host > file
      run --rm --read-only --mount type=bind,src=$PWD/file,dst=/file,options=rbind:ro --hostname somebody --device /dev/fuse $I $N sh -c '
        cat /file; touch /new 2> /dev/null || echo read-only; hostname; test -c /dev/fuse && echo device'
      [ "$(run --rm --net-host $I $N readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ] && echo net`,
    sees: "host\nread-only\nsomebody\ndevice\nnet",
  },
  {
    name: "a scope of systemd",
    script: sh`
      run -d --runc-systemd-cgroup --cgroup system.slice:ctr:$N $I $N sleep 1000
      systemctl is-active ctr-$N.scope
      grep -o 'ctr-.*' /proc/$(ctr tasks ls | grep $N | awk '{ print $2 }')/cgroup | sed "s/$N/N/"
      ctr tasks kill -s SIGKILL $N; until_ok ctr tasks rm $N; ctr containers rm $N
      until_ok sh -c "! systemctl is-active ctr-$N.scope"; systemctl is-active ctr-$N.scope || :`,
    sees: "active\nctr-N.scope\ninactive",
  },
  {
    name: "the root filesystem is a directory",
    script: sh`
      mkdir root; tar -C root -xf /var/tmp/layer.tar
      run --rm --rootfs $PWD/root $N /bin/sh -c 'echo here > /made'
      cat root/made`,
    sees: "here",
  },
  {
    name: "checkpoint and restore",
    script: sh`
      count() { ctr tasks exec --exec-id $1 $N cat /tmp/n; }
      run -d $I $N sh -c 'n=0; while :; do n=$((n + 1)); echo $n > /tmp/new; mv /tmp/new /tmp/n; sleep 0.2; done'
      until_ok count first > /dev/null; before=$(count before)
      ctr containers checkpoint --rw --image --task $N localhost/$N
      remove $N > /dev/null 2>&1
      ctr containers restore --rw --live $N localhost/$N
      [ $(count after) -ge $before ] && echo it goes on
      ctr images rm localhost/$N > /dev/null`,
    sees: "it goes on",
  },
];
