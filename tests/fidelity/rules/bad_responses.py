"""Answers that two readers may take for different ones never reach a client."""

import asyncio
from functools import partial

from tests.fidelity import stage as stages
from tests.fidelity.rule import Kind, PassedOn, Rule, rule
from tests.fidelity.rules.refusing import response_is_refused
from tests.fidelity.stage import OK, Stage, answer, answering
from tests.fidelity.strict import Incomplete

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
BIG = b"x" * 200_000

FRAMING = {
    "conflicting_lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a_list_of_conflicting_lengths": b"Content-Length: 5, 6\r\n\r\nhello!",
    "a_length_with_a_plus": b"Content-Length: +5\r\n\r\nhello",
    "a_negative_length": b"Content-Length: -5\r\n\r\nhello",
    "a_hexadecimal_length": b"Content-Length: 0x5\r\n\r\nhello",
    "a_length_with_letters": b"Content-Length: 5a\r\n\r\nhello",
    "a_length_beyond_64_bits": b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "chunks_and_a_length": (
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + END
    ),
    "a_length_and_chunks": (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + END
    ),
    "chunked_twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n" + END,
    "an_obfuscated_coding": b"Transfer-Encoding: xchunked\r\n\r\n" + END,
    "another_coding_alone": b"Transfer-Encoding: gzip\r\n\r\nhello",
    "chunked_before_another_coding": b"Transfer-Encoding: chunked, gzip\r\n\r\n" + END,
    "a_coding_before_a_colon_with_a_blank": (
        b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + END
    ),
}
CHUNKS = {
    "a_chunk_size_of_letters": b"zz\r\nhello\r\n",
    "a_negative_chunk_size": b"-5\r\nhello\r\n",
    "a_chunk_size_with_0x": b"0x5\r\nhello\r\n",
    "a_chunk_size_after_a_blank": b" 5\r\nhello\r\n",
    "an_empty_chunk_size": b"\r\nhello\r\n",
    "a_chunk_size_beyond_64_bits": b"10000000000000005\r\nhello\r\n",
    "a_chunk_line_with_a_bare_lf": b"5\nhello\r\n",
    "a_chunk_line_with_a_bare_cr": b"5\rhello\r\n",
    "a_chunk_without_its_line_end": b"5\r\nhello0\r\n",
    "a_chunk_that_is_too_long": b"3\r\nhello\r\n",
    "a_chunk_extension_with_a_bare_lf": b"5;a\nb\r\nhello\r\n",
    "an_oversized_chunk_line": b"5;a=" + BIG + b"\r\nhello\r\n",
}
TRAILERS = {
    "a_trailer_that_is_no_field": b"nonsense\r\n",
    "a_trailer_with_a_bare_cr": b"X-A: 1\rX-B: 2\r\n",
    "a_trailer_with_a_nul": b"X-A: 1\x002\r\n",
    "a_folded_trailer": b"X-A: 1\r\n 2\r\n",
    "oversized_trailers": b"X-A: " + BIG + b"\r\n",
}
LINES = {
    "a_bare_cr_in_a_value": b"X-A: 1\rX-B: 2\r\n",
    "a_bare_lf_in_a_value": b"X-A: 1\nX-B: 2\r\n",
    "a_nul_in_a_value": b"X-A: 1\x002\r\n",
    "a_nul_in_a_name": b"X-\x00A: 1\r\n",
    "a_folded_field": b"X-A: 1\r\n 2\r\n",
    "a_name_with_a_blank": b"X A: 1\r\n",
    "an_empty_name": b": 1\r\n",
    "a_line_without_a_colon": b"nonsense\r\n",
    "an_oversized_field": b"X-A: " + BIG + b"\r\n",
}
START_LINES = {
    "a_status_of_letters": b"HTTP/1.1 abc OK",
    "a_status_of_two_digits": b"HTTP/1.1 20 OK",
    "a_status_of_four_digits": b"HTTP/1.1 2000 OK",
    "a_status_below_100": b"HTTP/1.1 099 OK",
    "an_unknown_major_version": b"HTTP/2.0 200 OK",
    "another_protocol": b"ICY 200 OK",
    "a_bare_cr_in_the_reason": b"HTTP/1.1 200 OK\rX: 1",
    "a_nul_in_the_reason": b"HTTP/1.1 200 O\x00K",
    "two_blanks_before_the_status": b"HTTP/1.1  200 OK",
    "no_status_line": b"X-A: 1",
}
WHOLE = {
    "http_0_9": b"<html>hello</html>",
    "bare_lfs_alone": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a_bare_lf_at_the_heads_end": HEAD + b"Content-Length: 2\r\n\nok",
    "bytes_before_the_status_line": b"garbage\r\n" + OK,
    "chunks_of_an_http_1_0_upstream": CHUNKED.replace(b"1.1", b"1.0") + END,
    "an_interim_answer_alone": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "an_interim_answer_with_a_body": (
        b"HTTP/1.1 103 E\r\nContent-Length: 2\r\n\r\nok" + OK
    ),
    "a_malformed_interim_answer": b"HTTP/1.1 103 E\r\nX A: 1\r\n\r\n" + OK,
    "endless_interim_answers": b"HTTP/1.1 103 E\r\n\r\n" * 5_000,
}


async def no_client_gets_anothers_answer(stage: Stage) -> None:
    """RFC 9112 11.1: a split response does not answer the next request."""
    stage.upstream.script = answering(
        b"HTTP/1.1 200 OK\r\nX-A: 1\rX-B\r\nContent-Length: 0\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    )
    for _ in range(3):
        wire = await stage.send(stage.request() + stage.request())
        for _ in range(2):
            try:
                found = await answer(wire)
            except Incomplete:
                break
            if b"evil" in found.body:
                raise PassedOn("the second half of a split answer")
        await asyncio.sleep(stages.SETTLE_S)


async def a_blank_before_a_colon_is_taken_out_of_an_answer(stage: Stage) -> None:
    stage.upstream.script = answering(
        HEAD + b"X-A : 1\r\nX-B\t: 2\r\nContent-Length: 2\r\n\r\nok"
    )
    found = await stage.ask(stage.request())
    if found.status != 502:
        assert (found.values(b"x-a"), found.values(b"x-b")) == ([b"1"], [b"2"])


def _bad(name: str, section: str, raw: bytes) -> Rule:
    run = partial(response_is_refused, raw=raw)
    return Rule(f"{name}_in_an_answer", section, Kind.MALFORMED, run)


RULES = (
    *[_bad(name, "9112 6.3", HEAD + rest) for name, rest in FRAMING.items()],
    *[_bad(name, "9112 7.1", CHUNKED + rest + END) for name, rest in CHUNKS.items()],
    *[
        _bad(name, "9112 7.1.2", CHUNKED + b"5\r\nhello\r\n0\r\n" + lines + b"\r\n")
        for name, lines in TRAILERS.items()
    ],
    *[
        _bad(name, "9112 5", HEAD + line + b"Content-Length: 2\r\n\r\nok")
        for name, line in LINES.items()
    ],
    *[
        _bad(name, "9112 4", line + b"\r\nContent-Length: 2\r\n\r\nok")
        for name, line in START_LINES.items()
    ],
    *[_bad(name, "9112 2.2", raw) for name, raw in WHOLE.items()],
    rule(a_blank_before_a_colon_is_taken_out_of_an_answer, "9112 5.1", Kind.MUST),
    rule(no_client_gets_anothers_answer, "9112 11.1", Kind.MALFORMED),
)
