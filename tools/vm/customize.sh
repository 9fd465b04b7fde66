#!/bin/sh
# Makes a machine of the tree of packages in the directory $1: users, and which services start. Runs on the host.
set -eu
root=$1
here=$(dirname "$0")

cp -R --no-preserve=ownership "$here/tree/." "$root"
mkdir "$root/checkout"
echo vm > "$root/etc/hostname"
printf '127.0.0.1 localhost vm\n::1 localhost\n' > "$root/etc/hosts"

# An ordinary user, whose session is there without a login, with ids of its own for user namespaces.
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash tester
printf 'tester:200000:65536\n' | tee "$root/etc/subuid" > "$root/etc/subgid"
mkdir -p "$root/var/lib/systemd/linger"
touch "$root/var/lib/systemd/linger/tester"

# Engines are started by the tests that need them, and nothing runs by the clock.
chroot "$root" systemctl --quiet disable apparmor docker.service containerd \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer
chroot "$root" systemctl --quiet mask systemd-pstore.service
chroot "$root" systemctl --quiet enable runt-guest.service uplink.service

# Every boot is the first one of this image. These say that nothing is left to be updated.
touch "$root/etc/.updated" "$root/var/.updated"
