# PID 1 of a bed's own PID namespace; its network namespace is the switch.
# It starts hosts on demand, and everything in the bed dies with it: the kernel kills a namespace whose PID 1 ends.
# Orders come as lines on standard input. An owner that dies closes the pipe, `read` fails, the bed is gone.
bed=$1

ip link set lo up
ip link add br0 type bridge forward_delay 0
ip link set br0 up

unshare --net sleep infinity </dev/null &

while read -r order index; do
    case $order in
    start)
        unshare --net --mount --uts --ipc --pid --fork --kill-child \
            sh "$bed/init.sh" "$bed/hosts/$index" </dev/null >>"$bed/hosts/$index/log" 2>&1 &
        ;;
    esac
    # A listing is the one builtin that makes the shell collect children that have ended.
    jobs >/dev/null
done
