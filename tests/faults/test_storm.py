"""Faults of every kind at random moments, several at a time, while several logs are read."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults import truth
from tests.faults.visitor import Visitor
from tests.support.stack import Stack

SEEDS = [int(seed) for seed in os.environ.get("STORM_SEEDS", "1").split(",")]
FAULTS = 8
QUICK = {"TRIAGE_LEASE_SECONDS": "3", "TRIAGE_RING_AGAIN_SECONDS": "2", "TRIAGE_REAPER_PERIOD_SECONDS": "1"}


class Storm:
    """What can be done to a running application. Two workers stay, however often they are killed."""

    def __init__(self, stack: Stack, seed: int) -> None:
        self.stack = stack
        self.chance = random.Random(seed)
        self.asleep: list[int] = []

    def rage(self) -> list[str]:
        """Do some harm at some moments, and return what was done."""
        kinds: list[Callable[[], None]] = [
            self.kill_a_worker, self.stop_a_worker, self.forget_messages, self.restart_the_broker, self.kill_the_reaper,
            self.kill_the_web, self.put_a_worker_to_sleep,
        ]  # fmt: skip
        done = []
        for _ in range(FAULTS):
            time.sleep(self.chance.uniform(0.1, 1.5))
            fault = self.chance.choice(kinds)
            fault()
            done.append(fault.__name__)
        for pid in self.asleep:
            os.killpg(pid, signal.SIGCONT)
        return done

    def _pick(self) -> int:
        return self.chance.randrange(len(self.stack.workers))

    def kill_a_worker(self) -> None:
        self.stack.kill(self.stack.workers.pop(self._pick()))
        self.stack.add_worker()

    def stop_a_worker(self) -> None:
        worker = self.stack.workers.pop(self._pick())
        for _ in range(2):
            os.killpg(worker.pid, signal.SIGTERM)
            time.sleep(0.2)
        self.stack.add_worker()
        self.asleep = [pid for pid in self.asleep if pid != worker.pid]
        if worker.poll() is None:
            self.stack.kill(worker)

    def forget_messages(self) -> None:
        self.stack.broker.flush()

    def restart_the_broker(self) -> None:
        self.stack.broker.kill()
        time.sleep(self.chance.uniform(0, 1))
        self.stack.broker.start()

    def kill_the_reaper(self) -> None:
        self.stack.kill(self.stack.reaper)
        self.stack.start_reaper()

    def kill_the_web(self) -> None:
        self.stack.kill(self.stack.web)
        self.stack.start_web()

    def put_a_worker_to_sleep(self) -> None:
        worker = self.stack.workers[self._pick()]
        if worker.pid not in self.asleep:
            os.killpg(worker.pid, signal.SIGSTOP)
            self.asleep.append(worker.pid)
            self.stack.add_worker()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_storm_leaves_the_results_of_a_calm_day(stack: Stack, seed: int) -> None:
    stack.environment.update(QUICK)
    stack.start(workers=2)
    logs = [truth.log_of(2, seed=number) for number in (1, 2, 3)]
    visitor = Visitor(stack)
    calm = []
    for data in logs:
        upload = visitor.send(data)
        truth.finished(stack)
        calm.append(truth.fingerprint(stack, upload))
    uploads = [visitor.send(data) for data in logs]
    done = Storm(stack, seed).rage()
    truth.finished(stack, 180)
    assert [truth.fingerprint(stack, upload) for upload in uploads] == calm, done
    for upload in uploads:
        assert {state for state, _ in truth.chunks(stack, upload)} == {"done"}, done
