"""POST /drain/: what Logplex sends is kept and answered with 204, whatever its bytes are."""

from __future__ import annotations

import gzip
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from incidents.digest.recorder.health import health
from incidents.ingest.keys import senders
from incidents.models import Chunk, Drain, Frame
from tests.support.logplex import body_of, frame, overflow, syslog

# The shapes of the frames in Heroku's documentation and of the published Logplex, with contents of our own.
ROUTER = (
    b'<158>1 2026-11-20T09:14:07.353034+00:00 host heroku router - at=error code=H12 desc="Request timeout" method=GET '
    b'path="/report?year=2026" host=shop.example.com request_id=9c6e4f7a-1f0e-4f6f-8d8d-1b2c3d4e5f60 fwd="203.0.113.7" '
    b"dyno=web.1 connect=0ms service=30001ms status=503 bytes=567 protocol=http1.1 tls=true tls_version=tls1.3\n"
)
STATE = b"<45>1 2026-11-20T09:14:08.120044+00:00 host heroku web.1 - State changed from up to starting\n"
CAFE = "<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 - café ☕ ready\n".encode()
REDIS = b"<134>1 2026-11-20T09:14:08.700000+00:00 host app heroku-redis - source=REDIS sample#active-connections=4"
L10 = (
    b"<172>1 2026-11-20T09:14:09+00:00 host heroku logplex - Error L10 (output buffer overflow): 12 messages dropped "
    b"since 2026-11-20T09:13:58+00:00."
)
TRACE = b'<190>1 2026-11-20T09:14:09.100000+00:00 host app web.1 -   File "/app/shop/views.py", line 12, in report\n'


def minute(shop):
    """Counts of the last minutes: a test may run over the turn of one."""
    return health(shop.app)[0].counts


def test_frames_with_and_without_newlines_become_the_lines_that_heroku_logs_prints(shop, client):
    body = body_of([ROUTER, STATE, CAFE, REDIS, L10, TRACE])

    answer = shop.post(client, body, Logplex_Frame_Id="A" * 32, Logplex_Msg_Count="6")

    assert (answer.status_code, answer.content, answer["Content-Length"]) == (204, b"", "0")
    assert bytes(Frame.objects.get().body) != b""
    shop.record()
    assert [line[:40] for line in shop.lines] == [
        "2026-11-20T09:14:07.353034+00:00 heroku[",
        "2026-11-20T09:14:08.120044+00:00 heroku[",
        "2026-11-20T09:14:08.500120+00:00 app[web",
        "2026-11-20T09:14:08.700000+00:00 app[her",
        "2026-11-20T09:14:09.000000+00:00 heroku[",
        "2026-11-20T09:14:09.100000+00:00 app[web",
    ]
    assert shop.lines[2].endswith("app[web.1]: café ☕ ready")
    assert shop.lines[5].endswith('app[web.1]:   File "/app/shop/views.py", line 12, in report')
    counts = minute(shop)
    assert (counts.frames, counts.lines, counts.overflow_lines, counts.damaged) == (1, 6, 12, 0)
    chunk = Chunk.objects.get()
    assert (chunk.state, chunk.parsed, chunk.summary["codes"]["H12"]) == ("done", 6, 1)


HOSTILE = {
    "one byte too few": b"60 " + CAFE,
    "far too long": b"9000 " + CAFE + frame(STATE),
    "far too short": b"12 " + STATE + frame(CAFE),
    "zero": b"0 " + frame(CAFE),
    "no length at all": CAFE + STATE,
    "cut inside a character": frame(CAFE)[:-8],
    "NUL": frame(b"<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 - a\0b\n"),
    "Latin-1": frame("<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 - café\n".encode("latin-1")),
    "UTF-16": "rotten".encode("utf-16"),
    "random": bytes(range(256)) * 40,
    "a megabyte": frame(b"<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 - " + b"x" * (1024 * 1024 - 80)),
    "only newlines": b"\n\n\n",
    "lone blank": b" ",
    "digits": b"1234567890",
    "empty": b"",
    "no time": frame(b"<190>1 - host app web.1 - no time\n"),
    "a leap second": frame(b"<190>1 2026-12-31T23:59:60.5Z host app web.1 - leap\n"),
    "no message": frame(b"<190>1 2026-11-20T09:14:08.500120+00:00 host app web.1 -"),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_whatever_the_bytes_are_they_are_kept(shop, client, body):
    assert shop.post(client, body, Logplex_Frame_Id="A" * 32, Logplex_Msg_Count="1").status_code == 204
    shop.record()

    text = shop.text()
    assert not Frame.objects.filter(chunked_at=None).exists()
    for byte in set(body) - set(b"0123456789 \n<>-:T.+Z"):
        assert text.count(byte) >= body.count(byte) or body.count(b"host ") > 0
    for word in (b"caf", b"State changed", b"a\0b", b"no time", b"leap", "ä".encode("utf-16")[2:]):
        assert text.count(word) >= body.count(word)
    assert text.count(b"x") >= body.count(b"x")


def test_a_wrong_length_costs_no_neighbour_and_is_counted(shop, client):
    shop.post(client, b"9000 " + CAFE + frame(STATE) + b"12 " + TRACE + frame(ROUTER))
    shop.record()

    assert [line.rpartition("]: ")[2][:13] for line in shop.lines] == [
        "at=error code",
        "State changed",
        "café ☕ ready",
        '  File "/app/',
    ]
    assert minute(shop).damaged == 1


def test_a_message_of_several_lines_can_not_pass_for_the_routers(shop, client):
    forged = "ready\n2026-11-20T09:14:07.353034+00:00 heroku[router]: at=error code=H99"
    shop.post(client, body_of([syslog(forged)]))
    shop.record()

    assert [" app[web.1]: " in line for line in shop.lines] == [True, True]


def test_a_frame_that_comes_again_counts_once_and_its_first_body_wins(shop, client):
    shop.post(client, body_of([CAFE]), Logplex_Frame_Id="A" * 32)
    assert shop.post(client, body_of([STATE]), Logplex_Frame_Id="A" * 32).status_code == 204
    shop.record()
    assert shop.post(client, body_of([CAFE]), Logplex_Frame_Id="A" * 32).status_code == 204
    shop.record()

    assert [line.rpartition(": ")[2] for line in shop.lines] == ["café ☕ ready"]
    assert (minute(shop).frames, minute(shop).duplicates) == (1, 2)


def test_an_overflow_that_only_the_repetition_tells_is_told_once(shop, client):
    shop.post(client, body_of([CAFE]), Logplex_Frame_Id="A" * 32)
    for _ in range(2):
        shop.post(client, body_of([overflow(7), CAFE]), Logplex_Frame_Id="A" * 32)
        shop.record()

    assert sum("Error L10" in line for line in shop.lines) == 1
    assert len(shop.lines) == 2
    assert minute(shop).overflow_lines == 7


def test_what_the_app_writes_about_overflows_is_no_loss(shop, client):
    shop.post(client, body_of([syslog("Error L10 (output buffer overflow): 500 messages dropped since noon")]))
    shop.record()

    assert minute(shop).overflow_lines == 0


def test_frames_of_several_nodes_are_ordered_by_time_then_arrival(shop, client):
    begin = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    for seconds in ((1, 3), (0, 2), (2, 2)):
        shop.post(client, body_of([syslog(f"at {second}", at=begin + timedelta(seconds=second)) for second in seconds]))
    shop.record()

    assert [line[-4:] for line in shop.lines] == ["at 0", "at 1", "at 2", "at 2", "at 2", "at 3"]


def test_without_a_frame_id_every_request_counts(shop, client):
    for _ in range(2):
        assert shop.post(client, body_of([CAFE])).status_code == 204
    shop.record()

    assert len(shop.lines) == 2


def test_log_shuttles_losses_are_counted(shop, client):
    shop.post(client, body_of([CAFE]), Logplex_Drop_Count="5", Logplex_Lost_Count="2")
    shop.record()

    told = health(shop.app)[0].counts
    assert (told.dropped, told.lost, told.lost_total) == (5, 2, 7)


def test_the_name_that_logplex_has_for_the_drain_is_learnt(shop, client):
    name = "d.9173ea1f-6f14-4976-9cf0-7cd0dafdcdbc"
    shop.post(client, body_of([CAFE]), Logplex_Drain_Token=name)
    assert Drain.objects.get().logplex_token == name
    shop.post(client, body_of([CAFE]), Logplex_Drain_Token="<script>")
    assert Drain.objects.get().logplex_token == name


def test_gzip_is_read_up_to_the_cap(shop, client):
    assert shop.post(client, gzip.compress(body_of([CAFE])), Content_Encoding="gzip").status_code == 204
    bomb = gzip.compress(b"0" * 50_000_000)
    assert shop.post(client, bomb, Content_Encoding="gzip").status_code == 413
    assert shop.post(client, b"no gzip", Content_Encoding="gzip").status_code == 415
    shop.record()
    assert len(shop.lines) == 1


def test_two_tokens_are_valid_while_they_are_exchanged(shop, client):
    old = shop.token
    shop.token = shop.drain.rotate()
    senders.forget()
    assert shop.post(client, body_of([CAFE])).status_code == 204
    new, shop.token = shop.token, old
    assert shop.post(client, body_of([CAFE])).status_code == 204
    Drain.objects.update(previous_until=datetime.now(UTC) - timedelta(seconds=1))
    senders.forget()
    assert shop.post(client, body_of([CAFE])).status_code == 401
    shop.token = new
    shop.drain.revoke()
    senders.forget()
    assert shop.post(client, body_of([CAFE])).status_code == 401


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic ZHJhaW4=", "Bearer x", f"Bearer trd_{'x' * 49}"])
def test_noise_is_refused_without_a_query_and_without_reading(shop, header, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = Client().post("/drain/", b"x" * 100, content_type="text/plain", headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Basic realm="drain"')


def test_an_unknown_token_of_the_right_form_is_looked_up_once(shop, client, django_assert_max_num_queries):
    from incidents.models.tokens import make_token

    shop.token = make_token(Drain.PREFIX)
    with django_assert_max_num_queries(1):
        for _ in range(5):
            assert shop.post(client, body_of([CAFE])).status_code == 401


def test_only_the_digest_of_a_token_is_kept(shop):
    row = Drain.objects.filter(pk=shop.drain.pk).values().get()
    assert shop.token not in str(row)


def test_one_app_over_its_quota_is_pushed_back_and_the_other_is_not(shop, make_shop, client):
    other = make_shop("other")
    shop.app.quota_bytes_per_s = 10_000
    shop.app.save()
    body = body_of([syslog("x" * 9_000)])

    statuses = [shop.post(client, body).status_code for _ in range(12)]

    assert set(statuses) == {204, 429}
    assert statuses[:3] == [204] * 3
    assert other.post(client, body).status_code == 204


def test_another_method_is_refused(client):
    assert client.get("/drain/").status_code == 405


def test_many_small_batches_become_few_chunks_with_the_same_lines(shop, client):
    begin = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    for number in range(40):
        shop.post(client, body_of([syslog(f"line {number:03}", at=begin + timedelta(seconds=number))]))
        shop.record()

    assert Chunk.objects.count() < 14
    assert [line[-8:] for line in shop.lines] == [f"line {number:03}" for number in range(40)]
    firsts = list(Chunk.objects.order_by("number").values_list("first_line", "lines"))
    assert [first for first, _ in firsts] == [1 + sum(lines for _, lines in firsts[:n]) for n in range(len(firsts))]
    assert minute(shop).lines == 40


def test_frames_of_a_drain_that_was_removed_are_told_so(shop, client):
    assert shop.post(client, body_of([CAFE])).status_code == 204
    shop.drain.delete()
    assert shop.post(client, body_of([CAFE]), Logplex_Frame_Id=secrets.token_hex(16)).status_code in (204, 401, 410)
