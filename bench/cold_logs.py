#!/usr/bin/env python3
"""How long adds to a busy site wait while others add to logfiles that are not in memory.

    bench/cold_logs.py DAEMON [--logs 10000] [--lines 100] [--clients 16] [--parent /var/tmp]

Makes a spool with that many logfiles, drops the kernel's caches (as root), starts DAEMON (uflush, or Postfix's flush) as
master(8) would, and lets one client add to one site while the others add once to each of the logs. Prints the pauses of
the one client.
"""
import argparse
import multiprocessing
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


def add(path, site, queue_id):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(path)
        client.sendall(b"request\0add\0site\0%s\0queue_id\0%s\0\0" % (site, queue_id))
        reply = b""
        while piece := client.recv(200):
            reply += piece
    return reply.endswith(b"status\x000\0\0")


def make_spool(top, logs, lines):
    owner = pwd.getpwnam("postfix")
    spool = os.path.join(top, "spool")
    for name in ("", "flush", "public", "private", "pid", "deferred", "incoming", "active"):
        os.mkdir(os.path.join(spool, name))
        if name != "pid" and name:
            os.chown(os.path.join(spool, name), owner.pw_uid, owner.pw_gid)
    text = "".join("4F%08d\n" % i for i in range(lines))
    for i in range(logs):
        path = os.path.join(spool, "flush", "site%d_example" % i)
        with open(path, "w") as log:
            log.write(text)
        os.chown(path, owner.pw_uid, owner.pw_gid)
    config = os.path.join(top, "config")
    os.mkdir(config)
    with open(os.path.join(config, "main.cf"), "w") as main_cf:
        main_cf.write(
            "compatibility_level = 3.6\nmyhostname = relay.example\nfast_flush_domains = static:all\n"
            f"queue_directory = {spool}\ndata_directory = {top}\n"
        )
    old = time.time() - 10
    os.utime(os.path.join(config, "main.cf"), (old, old))
    os.chmod(top, 0o755)
    return spool, config


def start(daemon, spool, config, processes):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(spool, "public", "flush"))
    os.chmod(os.path.join(spool, "public", "flush"), 0o666)
    listener.listen(1000)
    listener.setblocking(False)
    status, flow = os.pipe(), os.pipe()
    fds = {3: flow[0], 4: flow[1], 5: status[1], 6: listener.fileno()}
    high = {number: os.dup2(fd, number + 100, inheritable=True) for number, fd in fds.items()}

    def arrange():
        for number, fd in high.items():
            os.dup2(fd, number, inheritable=True)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    command = [os.path.abspath(daemon), "-z", "-n", "flush", "-t", "unix", "-u", "-m", "100000000"]
    environment = {"MAIL_CONFIG": config, "MAIL_LOGTAG": "postfix", "GENERATION": "0", "PATH": "/usr/sbin:/usr/bin"}
    threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(status[0], 4096), b"")], daemon=True).start()
    return [
        subprocess.Popen(command, env=environment, cwd=spool, preexec_fn=arrange, close_fds=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(processes)
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("daemon")
    parser.add_argument("--logs", type=int, default=10000)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--parent", default="/var/tmp")
    options = parser.parse_args()
    is_stock = os.path.basename(options.daemon) == "flush"

    top = tempfile.mkdtemp(prefix="cold_logs", dir=options.parent)
    children = []
    try:
        spool, config = make_spool(top, options.logs, options.lines)
        children = start(options.daemon, spool, config, options.clients if is_stock else 1)
        path = os.path.join(spool, "public", "flush")
        for _ in range(200):
            assert add(path, b"hot.example", b"4F1")
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w") as caches:
            caches.write("3\n")
        sites = [b"site%d.example" % i for i in range(options.logs)]
        random.Random(1).shuffle(sites)

        def add_to_all(mine):
            for site in mine:
                assert add(path, site, b"4F2")

        others = options.clients - 1
        adders = [multiprocessing.Process(target=add_to_all, args=(sites[i::others],)) for i in range(others)]
        began = time.monotonic()
        for adder in adders:
            adder.start()
        pauses = []
        while any(adder.is_alive() for adder in adders):
            asked = time.monotonic()
            assert add(path, b"hot.example", b"4F3")
            pauses.append(time.monotonic() - asked)
        seconds = time.monotonic() - began
        pauses.sort()
        print(f"{options.logs} logs in {seconds:.1f} s, {len(pauses)} adds to the busy site: median "
              f"{pauses[len(pauses) // 2] * 1e3:.2f} ms, 99.9 % {pauses[len(pauses) * 999 // 1000] * 1e3:.2f} ms, "
              f"longest {pauses[-1] * 1e3:.2f} ms")
    finally:
        for child in children:
            child.kill()
            child.wait()
        shutil.rmtree(top)


main()
