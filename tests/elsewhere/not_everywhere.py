"""What Python has on Linux and not on every system that the workbench is meant for."""

TAKEN_AWAY = ("fork", "forkpty", "getloadavg", "getpgid", "getsid", "killpg", "sched_getaffinity", "sched_setaffinity", "setsid")
"""Of `os`; libraries do without them on Linux too."""
OS_NAMES = (*TAKEN_AWAY, "geteuid", "getpgrp", "getuid", "mkfifo", "nice", "pread", "sysconf", "uname", "wait")
SIGNALS = ("SIGALRM", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "alarm", "pause")
MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "termios")
