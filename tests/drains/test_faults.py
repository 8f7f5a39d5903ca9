"""Real processes under a sender that follows Logplex's rules: what was acknowledged is there, and there once."""

from __future__ import annotations

import random
import secrets
import time
from threading import Thread

from tests.drains.test_drain import HOSTILE
from tests.support import drained
from tests.support.logplex import Logplex, Stream, Tally, body_of, syslog
from tests.support.ports import wait_for


def test_hostile_bodies_get_2xx_from_the_real_server_and_keep_their_bytes(running):
    node = drained.node(running, "hostile")

    statuses = {name: node.post(body, secrets.token_hex(16), 1) for name, body in HOSTILE.items()}

    node.close()
    assert set(statuses.values()) == {204}, statuses
    drained.settled(running)
    kept = "\n".join(drained.recorded(running, "hostile").elements())
    assert "café" in kept
    assert kept.count("x") >= 1024 * 1024 - 80


def test_the_answer_comes_before_the_work_and_the_line_within_two_seconds(running):
    node = drained.node(running, "quick")
    node.deliver(["warm up"])
    drained.settled(running)

    took = []
    for number in range(5):
        began = time.monotonic()
        node.deliver([f"line {number}"])
        answered = time.monotonic() - began
        drained.settled(running)
        took.append((answered, time.monotonic() - began))

    node.close()
    assert max(answer for answer, _ in took) < 0.5
    assert sorted(whole for _, whole in took)[2] < 2


def test_noise_is_turned_away_while_a_good_drain_delivers(running):
    node, noise = drained.node(running, "good"), drained.node(running, "good")
    noise.authorization = "Basic bm9ib2R5OmhlcmU="

    for number in range(20):
        assert noise.post(b"x" * 100_000, "A" * 32) == 401
        noise.close()  # its body was not read
        assert node.deliver([f"line {number}"])

    node.close(), noise.close()


def test_while_the_store_is_away_nothing_is_lost_and_nothing_is_dropped(running):
    app = "away"
    stream = Stream(drained.node(running, app), lines_per_s=200, lines_per_frame=20, label=app)
    stream.start()
    time.sleep(0.5)
    with drained.store_away(running):
        time.sleep(3)
    time.sleep(0.5)
    tally = stream.finish()

    drained.settled(running)
    assert tally.dropped == []
    assert max(took for _, _, took in tally.answers) < 4.5
    assert drained.missing_and_doubled(running, app, tally) == ([], [])


def test_killed_webs_and_workers_and_a_flushed_broker_lose_and_double_nothing(running):
    pick = random.Random(7)
    names = ("one", "two")
    nodes = [drained.node(running, f"storm-{name}") for name in names]
    streams = [
        Stream(node, lines_per_s=300, lines_per_frame=10, label=name) for node, name in zip(nodes, names, strict=True)
    ]
    for stream in streams:
        stream.start()
    for _ in range(2):
        time.sleep(pick.uniform(0.3, 0.8))
        running.kill(running.web)
        running.kill(running.workers.pop())
        running.start_web()
        running.add_worker()
        running.broker.flush()
        wait_for(running.web_answers, "the web process answers again")
    time.sleep(0.5)
    tallies = [stream.finish() for stream in streams]

    drained.settled(running)
    assert min(len(tally.acknowledged) for tally in tallies) > 100
    whole = Tally(acknowledged=[line for tally in tallies for line in tally.acknowledged])
    assert drained.missing_and_doubled(running, "storm-", whole) == ([], [])


def test_a_spool_whose_process_was_killed_is_loaded_by_another(running):
    app = "orphan"
    node = drained.node(running, app)
    assert node.deliver(["before"])
    with drained.store_away(running):
        assert node.deliver(["while it was away"])
        running.kill(running.web)
    node.close()
    running.start_web()

    drained.settled(running)
    assert set(drained.recorded(running, app)) == {"before", "while it was away"}


def test_a_drain_may_send_the_same_frame_at_once_from_two_places(running):
    token = drained.token_of(running, "twins")
    nodes = [Logplex(running.url, token) for _ in range(4)]
    body, frame_id = body_of([syslog("only once")]), "B" * 32
    threads = [Thread(target=node.post, args=(body, frame_id, 1)) for node in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    drained.settled(running)
    assert drained.recorded(running, "twins") == {"only once": 1}
    assert [status for node in nodes for _, status, _ in node.tally.answers] == [204] * 4
