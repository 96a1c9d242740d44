#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The first process of uml-run.sh's guest.  Its root is the host's, read only; a layer in
# memory over it takes what is written.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C
modules=/usr/lib/uml/modules/$(uname -r)
root=/mnt/root

mount -t proc proc /proc
for word in $(cat /proc/cmdline); do
	case $word in uml.work=*) work=${word#uml.work=} ;; esac
done
mount -t tmpfs memory /mnt
mkdir -p /mnt/upper /mnt/work $root /mnt/lib
insmod "$modules/kernel/fs/overlayfs/overlay.ko"
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work root $root
mkdir -p "$root$work"
mount -t hostfs -o "$work" none "$root$work"
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t devtmpfs dev $root/dev
mkdir -p $root/dev/pts $root/dev/shm $root/lib/modules
mount -t devpts devpts $root/dev/pts
mount -t tmpfs memory $root/dev/shm
mount -t tmpfs run $root/run
mount -t tmpfs tmp $root/var/tmp
ln -sfn /proc/self/fd $root/dev/fd
ln -sfn "$modules" "$root/lib/modules/$(uname -r)"
chroot $root ip link set lo up
chroot $root stty -F /dev/tty1 raw -echo
chroot $root setsid bash "$work/command" </dev/null >$root/dev/tty1 2>&1
echo $? >"$root$work/code"
sync
sleep 0.1
exec python3 -c 'import ctypes; ctypes.CDLL(None).reboot(0x4321fedc)'
