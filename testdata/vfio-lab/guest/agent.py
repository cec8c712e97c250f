"""The lab's agent: the virtual machine's main program. README.md has its protocol.

A client sends a line of JSON, {"do": NAME, ...}, and gets one back: {"ok": true, ...} or {"ok": false, "error": TEXT}.
The functions below whose names begin with do_ are what it can ask for.
"""
import base64
import json
import os
import re
import shutil
import socket
import socketserver
import subprocess
import sys
import threading
import time

CONTROL_PORT = 4000
MIGRATION_PORT, QMP_PORT = 4100, 4200     # of slot 0; slot N has N more
SLOTS = int(os.environ.get("LAB_SLOTS", "16"))
PARAMETERS = "/sys/module/mtty/parameters"
DEVICES = "/sys/bus/mdev/devices"
TYPE = "/sys/class/mdev_bus/mtty/mdev_supported_types/mtty-2"
BUSYBOX = "/run/busybox"
LINE_MAX = 16 << 20                       # bytes of a request
START_LIMIT, END_LIMIT = 60, 2            # seconds for a QEMU to listen, and to end when it is asked to


class Refused(Exception):
    """What a client is told."""


def read(path):
    with open(path, errors="replace") as file:
        return file.read()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def kernel_log(since=0):
    """The kernel's lines from a number on, as pairs of number and line."""
    lines = []
    kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        while True:
            try:
                record = os.read(kmsg, 8192).decode(errors="replace")
            except BrokenPipeError:       # the oldest ones have been overwritten meanwhile
                continue
            except BlockingIOError:
                return lines
            head, _, rest = record.partition(";")
            _, number, microseconds = head.split(",")[:3]
            if int(number) >= since:
                lines.append((int(number), f"[{int(microseconds) / 1e6:.6f}] " + rest.split("\n", 1)[0]))
    finally:
        os.close(kmsg)


def kernel_mark():
    """The number that the next line will have, or less."""
    lines = kernel_log()
    return lines[-1][0] + 1 if lines else 0


class Driver:
    """The module: what its parameters are by themselves, and devices made with others."""

    def __init__(self):
        self.lock = threading.Lock()
        self.defaults = {name: read(f"{PARAMETERS}/{name}").strip() for name in os.listdir(PARAMETERS)}

    def create(self, uuids, parameters):
        """Devices, each with these parameters; those that are not named are as they are by themselves."""
        unknown = sorted(set(parameters) - set(self.defaults))
        if unknown:
            raise Refused(f"the driver has no parameter {', '.join(unknown)}; it has {', '.join(sorted(self.defaults))}")
        made = []
        with self.lock:
            try:
                for index, uuid in enumerate(uuids):
                    for name, default in self.defaults.items():
                        value = parameters.get(name, default)
                        if name == "seed":           # so that states differ, and are the same each time
                            value = int(value) + index
                        write(f"{PARAMETERS}/{name}", str(int(value) if isinstance(value, bool) else value))
                    write(f"{TYPE}/create", uuid)
                    made.append(uuid)
            except OSError as error:
                self.remove(made)
                raise Refused(f"device {len(made)}, {uuid}: {error}")

    def remove(self, uuids):
        for uuid in uuids:
            try:
                write(f"{DEVICES}/{uuid}/remove", "1")
            except FileNotFoundError:
                pass


def listens(port):
    """Whether somebody waits for connections there. To connect would be to take the place of QMP's only client."""
    return any(fields[1].endswith(f":{port:04X}") and fields[3] == "0A"
               for fields in map(str.split, read("/proc/net/tcp").splitlines()[1:]))


class Slot:
    """A place for one QEMU, with a folder and ports of its own."""

    def __init__(self, number, driver):
        self.number, self.driver = number, driver
        self.lock = threading.Lock()
        self.folder = f"/tmp/slot-{number}"
        self.process, self.uuids, self.mark = None, [], 0

    def start(self, version, command, uuids, parameters, files):
        tree = f"/qemu/{version}"
        if not re.fullmatch(r"[\w.]+", version) or not os.path.isdir(tree):
            raise Refused(f"there is no QEMU {version}; there are {', '.join(versions())}")
        if not command or os.path.basename(command[0]) != "qemu-system-x86_64":
            raise Refused("the command is not one of qemu-system-x86_64")
        with self.lock:
            self.clear()
            begun = time.monotonic()
            os.makedirs(self.folder)
            for name, content in files.items():
                self.write_file(name, content)
            self.mark = kernel_mark()
            self.driver.create(uuids, parameters)
            self.uuids = uuids
            shell = 'cd "$1" && shift && exec "$@"'
            arguments = [BUSYBOX, "chroot", tree, "/tmp/busybox", "sh", "-c", shell, "sh", self.folder,
                         "qemu-system-x86_64", *command[1:], "-qmp", f"tcp:0.0.0.0:{QMP_PORT + self.number},server=on,wait=off"]
            with open(f"{self.folder}/stdout", "wb") as out, open(f"{self.folder}/stderr", "wb") as err:
                self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
            while self.process.poll() is None and not listens(QMP_PORT + self.number):
                if time.monotonic() - begun > START_LIMIT:
                    raise Refused(f"QEMU did not listen to QMP within {START_LIMIT} s: {self.stderr()}")
                time.sleep(0.02)
            return {**self.state(), "seconds": round(time.monotonic() - begun, 3)}

    def write_file(self, name, content):
        """Content is {"zeros": COUNT} or {"base64": TEXT}."""
        if not re.fullmatch(r"[\w][\w.-]*", name):
            raise Refused(f"{name!r} is not the name of a file without a folder")
        with open(f"{self.folder}/{name}", "wb") as file:
            if "zeros" in content:
                file.truncate(content["zeros"])
            else:
                file.write(base64.b64decode(content["base64"]))

    def stderr(self):
        try:
            return read(f"{self.folder}/stderr")
        except FileNotFoundError:
            return ""

    def state(self):
        code = None if self.process is None else self.process.poll()
        return {"alive": self.process is not None and code is None, "exit": code, "uuids": self.uuids,
                "stderr": self.stderr()}

    def kernel(self):
        return [line for _, line in kernel_log(self.mark) if any(uuid in line for uuid in self.uuids)]

    def stop(self):
        with self.lock:
            self.end()
            report = {**self.state(), "kernel": self.kernel()}
            self.clear()
            return report

    def end(self):
        """Ends QEMU, by force if need be."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def clear(self):
        self.end()
        self.driver.remove(self.uuids)
        self.process, self.uuids = None, []
        shutil.rmtree(self.folder, ignore_errors=True)


def versions():
    return sorted(os.listdir("/qemu"))


class Agent:
    def __init__(self):
        self.driver = Driver()
        self.slots = [Slot(number, self.driver) for number in range(SLOTS)]

    def slot(self, number):
        if not isinstance(number, int) or not 0 <= number < SLOTS:
            raise Refused(f"there is no slot {number}; there are 0 to {SLOTS - 1}")
        return self.slots[number]

    def do_hello(self):
        return {"kernel": os.uname().release, "qemu": versions(), "parameters": self.driver.defaults,
                "slots": [{"slot": slot.number, "alive": slot.state()["alive"], "migration": MIGRATION_PORT + slot.number,
                           "qmp": QMP_PORT + slot.number} for slot in self.slots]}

    def do_start(self, slot, version, command, uuids=(), driver=None, files=None):
        return self.slot(slot).start(version, command, list(uuids), driver or {}, files or {})

    def do_status(self, slot):
        return self.slot(slot).state()

    def do_kernel(self, slot=None, since=0):
        if slot is not None:
            return {"lines": self.slot(slot).kernel()}
        lines = kernel_log(since)
        return {"lines": [line for _, line in lines], "mark": lines[-1][0] + 1 if lines else since}

    def do_file(self, slot, name):
        """A file that a QEMU has written into its folder."""
        if not re.fullmatch(r"[\w][\w.-]*", name):
            raise Refused(f"{name!r} is not the name of a file without a folder")
        with open(f"{self.slot(slot).folder}/{name}", "rb") as file:
            return {"base64": base64.b64encode(file.read()).decode()}

    def do_stop(self, slot):
        return self.slot(slot).stop()

    def do_poweroff(self):
        threading.Timer(0.1, write, ("/proc/sysrq-trigger", "o")).start()
        return {}

    def answer(self, line):
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise Refused("a request is an object")
            action = getattr(self, "do_" + str(request.pop("do", None)), None)
            if action is None:
                names = sorted(name[3:] for name in dir(self) if name.startswith("do_"))
                raise Refused(f"not a thing to do; there are {', '.join(names)}")
            return {"ok": True, **action(**request)}
        except Refused as error:
            return {"ok": False, "error": str(error)}
        except Exception as error:        # a client's mistake must not end the virtual machine
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}


class Client(socketserver.StreamRequestHandler):
    def handle(self):
        while line := self.rfile.readline(LINE_MAX):
            self.wfile.write(json.dumps(AGENT.answer(line)).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


os.environ.update(PATH="/usr/sbin:/usr/bin", HOME="/tmp")
shutil.copy(BUSYBOX, "/tmp/busybox")
AGENT = Agent()
with Server(("0.0.0.0", CONTROL_PORT), Client) as server:
    print("lab: ready", flush=True)
    server.serve_forever()
sys.exit(1)
