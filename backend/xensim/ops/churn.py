"""Life in the pool without anybody calling: so many small, realistic changes a second, the same for the same seed."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Collection

from xensim.failures import XapiFailure
from xensim.ops import agent, devices, placement, transitions, vm_rules
from xensim.ops.values import mapping, number, strings, text
from xensim.pool import Pool
from xensim.schema import NULL_REF

TICK_S = 0.005  # how often the pace is kept: 2,000 changes a second are ten each time
LATE_S = 0.5  # what a stalled process is late beyond this is dropped, for a burst is no load to measure with
RECOUNT = 5000  # changes after which VMs are listed anew
TRIES = 20
MESSAGES, TASKS = 200, 8  # how many of our own are there at once
_TAG = "churn"
_PAGE = 4096

# How often each kind comes up.
WEIGHTS = {
    "vm-memory": 30, "host-memory": 8, "guest-ip": 8, "vm-name": 10, "vm-description": 6, "vm-tag": 8, "vm-power": 8,
    "vbd": 5, "vif": 5, "message": 4, "task": 8,
}  # fmt: skip
STAMP = "vm-stamp"
"""Only on request: the time (CLOCK_MONOTONIC, ns) goes into a VM's description, for whoever measures how long it takes
to arrive somewhere else on the same machine."""

# What a VM in some state does next, and how likely.
_NEXT: dict[str, tuple[tuple[str, float], ...]] = {
    "Running": (("clean_reboot", 0.45), ("clean_shutdown", 0.35), ("suspend", 0.1), ("pause", 0.1)),
    "Halted": (("start", 1.0),),
    "Suspended": (("resume", 1.0),),
    "Paused": (("unpause", 1.0),),
}


class Churn:
    """Changes the records of a pool; `made` counts the changes. `kinds` restricts them, see WEIGHTS."""

    def __init__(self, pool: Pool, rate_per_s: float = 0.0, *, kinds: Collection[str] = (), seed: int = 1) -> None:
        unknown = set(kinds) - WEIGHTS.keys() - {STAMP}
        if unknown:
            raise ValueError(f"unknown kind of change: {', '.join(sorted(unknown))}")
        self.rate_per_s = rate_per_s
        self.made = 0
        self._pool = pool
        self._db = pool.db
        self._rng = random.Random(seed)
        self._kinds = tuple(kind for kind in (*WEIGHTS, STAMP) if kind in (kinds or WEIGHTS))
        self._weights = tuple(WEIGHTS.get(kind, 1) for kind in self._kinds)
        self._guests: list[str] = []
        self._messages: deque[str] = deque()
        self._tasks: deque[str] = deque()
        self._offsets: dict[str, int] = {}
        self._changes: dict[str, Callable[[], bool]] = {
            "vm-memory": self._vm_memory, "host-memory": self._host_memory, "guest-ip": self._guest_ip,
            "vm-name": self._vm_name, "vm-description": self._vm_description, "vm-tag": self._vm_tag,
            "vm-power": self._vm_power, "vbd": self._vbd, "vif": self._vif, "message": self._message,
            "task": self._task, STAMP: self._stamp,
        }  # fmt: skip

    async def run(self, rate_per_s: float | None = None) -> None:
        """Make `rate_per_s` changes a second, evenly, until cancelled."""
        rate = self.rate_per_s if rate_per_s is None else rate_per_s
        loop = asyncio.get_running_loop()
        since, done = loop.time(), 0
        while True:
            await asyncio.sleep(TICK_S)
            due = int((loop.time() - since) * rate) - done
            if due > rate * LATE_S:
                since, done, due = loop.time(), 0, max(1, int(rate * TICK_S))
            for _ in range(due):
                self.step()
            done += due

    def step(self) -> str:
        """Make one change; its kind. One that finds nothing to change leaves its turn to the next."""
        if self.made % RECOUNT == 0:
            self._recount()
        for _ in range(TRIES):
            kind = self._rng.choices(self._kinds, self._weights)[0]
            if self._changes[kind]():
                self.made += 1
                return kind
        self._recount()
        return ""

    def _recount(self) -> None:
        self._guests = [
            ref
            for ref, row in self._db.rows("VM").items()
            if not (row.record["is_a_template"] or row.record["is_control_domain"])
        ]

    def _guest(self, *states: str) -> str | None:
        """A VM that nobody works on, in one of the states if any are given; None when chance finds none."""
        for _ in range(TRIES if self._guests else 0):
            ref = self._guests[int(self._rng.random() * len(self._guests))]
            if not self._db.exists("VM", ref):
                continue
            vm = self._db.record("VM", ref)
            if not vm["current_operations"] and (not states or vm["power_state"] in states):
                return ref
        return None

    def _vm_name(self) -> bool:
        return self._edit("name_label")

    def _vm_description(self) -> bool:
        return self._edit("name_description")

    def _stamp(self) -> bool:
        vm = self._guest()
        if vm is None:
            return False
        self._db.set("VM", vm, name_description=f"stamp {time.monotonic_ns()}")
        return True

    def _edit(self, field: str) -> bool:
        """Add a version to a text, in place of the last one."""
        vm = self._guest()
        if vm is None:
            return False
        before = text(self._db.field("VM", vm, field)).rpartition(" ~")
        self._db.set("VM", vm, **{field: f"{before[0] or before[2]} ~{self.made}"})
        return True

    def _vm_tag(self) -> bool:
        vm = self._guest()
        if vm is None:
            return False
        tags = strings(self._db.field("VM", vm, "tags"))
        self._db.set("VM", vm, tags=[tag for tag in tags if tag != _TAG] if _TAG in tags else [*tags, _TAG])
        return True

    def _vm_memory(self) -> bool:
        """The balloon breathes: what Xen counts is a few pages off the target."""
        vm = self._guest("Running")
        if vm is None:
            return False
        record = self._db.record("VM", vm)
        actual = number(record["memory_target"]) - _PAGE * self._rng.randrange(4096)
        self._db.set("VM_metrics", text(record["metrics"]), memory_actual=actual, last_updated=self._pool.clock.wire())
        return True

    def _host_memory(self) -> bool:
        """A host's free memory wavers around what the books say."""
        metrics = self._rng.choice(tuple(self._db.refs("host_metrics")))
        offset = _PAGE * self._rng.randrange(-8192, 8192)
        free = number(self._db.field("host_metrics", metrics, "memory_free")) - self._offsets.get(metrics, 0)
        self._offsets[metrics] = offset
        self._db.set("host_metrics", metrics, memory_free=free + offset, last_updated=self._pool.clock.wire())
        return True

    def _guest_ip(self) -> bool:
        """A guest gets a second address, or gives it back."""
        vm = self._guest("Running")
        guest = NULL_REF if vm is None else text(self._db.field("VM", vm, "guest_metrics"))
        if not self._db.exists("VM_guest_metrics", guest):
            return False
        networks = mapping(self._db.field("VM_guest_metrics", guest, "networks"))
        kept = {key: address for key, address in networks.items() if key != "0/ipv4/1"}
        if len(kept) == len(networks):
            kept["0/ipv4/1"] = f"10.99.{self._rng.randrange(256)}.{self._rng.randrange(1, 255)}"
        self._db.set("VM_guest_metrics", guest, networks=kept, last_updated=self._pool.clock.wire())
        return True

    def _vm_power(self) -> bool:
        vm = self._guest()
        if vm is None:
            return False
        choices = _NEXT[text(self._db.field("VM", vm, "power_state"))]
        op = self._rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]
        if vm_rules.refusal(vm_rules.facts(self._db, vm), op) is not None:
            return False
        try:
            self._perform(vm, op)
        except XapiFailure:
            return False  # no host for it now
        return True

    def _perform(self, vm: str, op: str) -> None:
        pool = self._pool
        match op:
            case "start" | "resume":
                devices.assert_disks_usable(self._db, vm)
                host = placement.choose_host(pool, vm)
                (transitions.start if op == "start" else transitions.resume)(pool, vm, host)
            case "clean_reboot":
                transitions.reboot(pool, vm)
            case "clean_shutdown":
                transitions.halt(pool, vm)
            case "suspend":
                transitions.suspend(pool, vm)
            case "pause":
                transitions.pause(pool, vm)
            case "unpause":
                transitions.unpause(pool, vm)

    def _vbd(self) -> bool:
        return self._flip("VBD", "VBDs")

    def _vif(self) -> bool:
        return self._flip("VIF", "VIFs")

    def _flip(self, cls: str, ends: str) -> bool:
        """Plug a device that is out, or unplug one that is in, as the rules allow."""
        vm = self._guest("Running")
        if vm is None or not agent.has_drivers(self._pool, self._db.record("VM", vm)):
            return False
        for ref in strings(self._db.field("VM", vm, ends)):
            record = self._db.record(cls, ref)
            if record["current_operations"] or not {"plug", "unplug"} & set(strings(record["allowed_operations"])):
                continue
            fields: dict[str, object] = {"currently_attached": not record["currently_attached"]}
            if cls == "VBD":
                if record["bootable"]:
                    continue
                fields["device"] = devices.device_name(text(record["userdevice"]))
            self._db.set(cls, ref, **fields)
            devices.refresh(self._pool, vm)
            return True
        return False

    def _message(self) -> bool:
        """A message comes; the oldest of ours goes."""
        vm = self._guest()
        if vm is None:
            return False
        record = self._db.record("VM", vm)
        body = f"VM '{record['name_label']}' (uuid: {record['uuid']}) rebooted cleanly"
        self._messages.append(self._pool.emit_message("VM_REBOOTED", 5, "VM", text(record["uuid"]), body))
        if len(self._messages) > MESSAGES:
            oldest = self._messages.popleft()
            if self._db.exists("message", oldest):
                self._db.destroy("message", oldest)
        return True

    def _task(self) -> bool:
        """A task begins, the eldest moves on, or it ends and is destroyed."""
        if len(self._tasks) < TASKS:
            clock = self._pool.clock.wire()
            fields = {"name_label": "Async.VDI.copy", "created": clock, "status": "pending", "type": "<none/>"}
            here = {"resident_on": self._pool.coordinator, "allowed_operations": ["cancel"], "backtrace": "()"}
            self._tasks.append(self._db.create("task", {**fields, **here}))
            return True
        task = self._tasks.popleft()
        if not self._db.exists("task", task):
            return False
        progress = self._db.field("task", task, "progress")
        if self._db.field("task", task, "status") == "success":
            self._db.destroy("task", task)
            return True
        self._tasks.append(task)
        if isinstance(progress, float) and progress < 0.9:
            self._db.set("task", task, progress=min(0.9, progress + 0.3))
        else:
            self._db.set(
                "task", task, progress=1.0, status="success", finished=self._pool.clock.wire(), allowed_operations=[],
                result="<value></value>",
            )  # fmt: skip
        return True
