# PID 1 of a host: network, mounts, then sshd in its place. Runs in the host's own namespaces.
set -e
host=$1
. "$host/settings"
root=$host/root
upper=$host/upper
work=$host/work
mount --make-rprivate /
hostname "$NAME"

ip -batch - <<NETWORK
link set lo up
link add eth0 address $MAC type veth peer name h$INDEX netns $SWITCH
addr add $IPV4 dev eth0
addr add $IPV6 dev eth0 nodad
link set eth0 up
NETWORK

if [ -n "$UPPER_BYTES" ]; then
    mkdir -p "$host/small"
    mount -t tmpfs -o "mode=755,size=$UPPER_BYTES" tmpfs "$host/small"
    cp -a "$upper" "$host/small/upper"
    mkdir "$host/small/work"
    upper=$host/small/upper
    work=$host/small/work
fi
# volatile: without it each host that goes down makes the machine write out its whole disk.
mount -t overlay -o "volatile,lowerdir=$LOWER,upperdir=$upper,workdir=$work" overlay "$root"

cd "$root"
mount -t proc -o nosuid,nodev,noexec proc proc
# What a host's root writes to the kernel must not reach the machine; net is the host's own.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
if [ -e proc/sysrq-trigger ]; then
    mount --bind proc/sysrq-trigger proc/sysrq-trigger
    mount -o remount,bind,ro proc/sysrq-trigger
fi
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=755,size=8m,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=755,size=1m,nosuid tmpfs dev
mkdir dev/pts dev/shm run/sshd run/lock run/.old
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/full c 1 7
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
mknod -m 666 dev/tty c 5 0
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,size=8m,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

pivot_root . run/.old
cd /
umount -l /run/.old
rmdir /run/.old

exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 $PROGRAM
