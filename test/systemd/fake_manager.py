# The parts of org.freedesktop.systemd1 that the driver uses, by another implementation of D-Bus, with the faults that
# a busy or broken systemd has. Usage: fake_manager.py ADDRESS FAULT [CGROUPS]. Calls are logged as lines of JSON on
# stdout. With the directory where cgroup v2 is mounted, the cgroups of units are made there.

import json
import os
import sys
import time

import dbus
import dbus.lowlevel
import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.systemd1"
PATH = "/org/freedesktop/systemd1"
MANAGER = NAME + ".Manager"
JOB = PATH + "/job/7"
TYPES = {dbus.Boolean: "b", dbus.UInt32: "u", dbus.UInt64: "t", dbus.String: "s"}

address, fault, *cgroups = sys.argv[1:]
places = {}


def typed(value):
    """Signature and value, as far as the driver's properties have types."""
    if isinstance(value, dbus.Array):
        if value.signature == "y":
            return ["ay", [int(byte) for byte in value]]
        return ["a" + str(value.signature), json.loads(json.dumps(value))]
    plain = bool(value) if isinstance(value, dbus.Boolean) else value
    return [TYPES[type(value)], json.loads(json.dumps(plain))]


def slice_path(name):
    """`a-b.slice` lies in `a.slice`."""
    parts = name.removesuffix(".slice").split("-")
    return "".join("/%s.slice" % "-".join(parts[: index + 1]) for index in range(len(parts)))


def enter(unit, given):
    """The cgroup of a unit, and its processes in it."""
    if not cgroups:
        return
    properties = dict(given)
    path = cgroups[0] + (slice_path(unit) if unit.endswith(".slice") else slice_path(properties["Slice"]) + "/" + unit)
    os.makedirs(path, exist_ok=True)
    places[unit] = path
    for pid in properties.get("PIDs", []):
        write(path + "/cgroup.procs", str(int(pid)))


def leave(unit):
    path = places.pop(unit, None)
    if path is None or not os.path.isdir(path):
        return
    write(path + "/cgroup.kill", "1")
    while "populated 1" in open(path + "/cgroup.events").read():
        time.sleep(0.001)
    for directory, _, _ in os.walk(path, topdown=False):
        os.rmdir(directory)
    # Slices that nobody needs go, too.
    try:
        while (path := os.path.dirname(path)) != cgroups[0]:
            os.rmdir(path)
    except OSError:
        pass


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def log(method, *arguments):
    print(json.dumps([method, *arguments]), flush=True)


class Error(dbus.DBusException):
    def __init__(self, name, text):
        super().__init__(text)
        self._dbus_error_name = name


class Manager(dbus.service.Object):
    cleared = False

    @dbus.service.signal(MANAGER, signature="uoss")
    def JobRemoved(self, number, job, unit, result):
        pass

    def end(self, unit, result):
        # What concerns others comes first.
        self.JobRemoved(6, PATH + "/job/6", "other.scope", "failed")
        self.JobRemoved(6, PATH + "/job/6", unit, "canceled")
        self.JobRemoved(7, JOB, unit, result)
        return False

    @dbus.service.method(
        MANAGER, "ssa(sv)a(sa(sv))", "o", sender_keyword="sender", async_callbacks=("answer", "refuse")
    )
    def StartTransientUnit(self, unit, mode, properties, auxiliary, answer, refuse, sender):
        log("StartTransientUnit", unit, mode, {name: typed(value) for name, value in properties}, len(auxiliary))
        if fault == "silent":
            return
        if fault == "dies":
            enter(unit, properties)
            os._exit(0)
        if fault == "exists" or (fault == "exists once" and not self.cleared):
            refuse(Error(NAME + ".UnitExists", 'Unit "%s" was already loaded.' % unit))
            return
        if fault == "refuses":
            refuse(Error("org.freedesktop.DBus.Error.PropertyReadOnly", "Cannot set property \x1b[31mX\x1b[0m"))
            return
        if fault != "fails":
            enter(unit, properties)
        if fault == "signal first":
            self.end(unit, "done")
        if fault == "forged":
            forge(sender, unit)
        answer(dbus.ObjectPath(JOB))
        if fault not in ("signal first", "no signal"):
            GLib.idle_add(self.end, unit, "failed" if fault in ("fails", "forged") else "done")

    @dbus.service.method(MANAGER, "ss", "o")
    def StopUnit(self, unit, mode):
        log("StopUnit", unit, mode)
        if fault == "gone":
            raise Error(NAME + ".NoSuchUnit", "Unit %s not loaded." % unit)
        leave(unit)
        GLib.idle_add(self.end, unit, "timeout" if fault == "fails" else "done")
        return dbus.ObjectPath(JOB)

    @dbus.service.method(MANAGER, "s", "")
    def ResetFailedUnit(self, unit):
        log("ResetFailedUnit", unit)
        self.cleared = True
        if fault != "exists once":
            raise Error(NAME + ".NoSuchUnit", "Unit %s not loaded." % unit)

    @dbus.service.method(MANAGER, "sba(sv)", "")
    def SetUnitProperties(self, unit, runtime, properties):
        log("SetUnitProperties", unit, bool(runtime), [[name, *typed(value)] for name, value in properties])

    @dbus.service.method("org.freedesktop.DBus.Properties", "ss", "v")
    def Get(self, interface, name):
        log("Get", interface, name)
        return {"Version": "v241.7-1", "ControlGroup": "/user.slice/user-1000.slice/user@1000.service"}[name]


def forge(receiver, unit):
    """A signal from somebody else, straight to the caller: no match rule stops that."""
    other = dbus.bus.BusConnection(address)
    message = dbus.lowlevel.SignalMessage(PATH, MANAGER, "JobRemoved")
    message.set_destination(receiver)
    message.append(dbus.UInt32(7), dbus.ObjectPath(JOB), unit, "done", signature="uoss")
    other.send_message(message)
    other.flush()
    other.call_blocking("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId", "", ())


DBusGMainLoop(set_as_default=True)
bus = dbus.bus.BusConnection(address)
if fault != "absent":
    name = dbus.service.BusName(NAME, bus)
    manager = Manager(bus, PATH)
log("ready")
GLib.MainLoop().run()
