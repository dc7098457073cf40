"""An errand: runs one program on a host for a controller at the other end of stdin and stdout, and never outlives it.

On the standard library alone, for Python 3.8 and newer, sent over stdin: nothing of it is written on the host. When the
controller goes away, stays silent or the deadline passes, the program's whole group is ended; when the errand itself is
killed, the kernel ends the program. Secrets arrive on stdin and go on by inherited pipes; a report stays in memory.
"""
