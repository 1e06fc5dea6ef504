"""Requests that two readers may take for different ones never arrive."""

from functools import partial

from tests.fidelity.rule import Kind, Rule
from tests.fidelity.rules.refusing import request_is_refused

GET = b"GET / HTTP/1.1\r\nHost: $HOST\r\n"
POST = b"POST / HTTP/1.1\r\nHost: $HOST\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
BIG = b"x" * 200_000

# Where one reader and another would see different ends of a body.
FRAMING = {
    "conflicting_lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "repeated_lengths": b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a_list_of_lengths": b"Content-Length: 5, 5\r\n\r\nhello",
    "a_list_of_conflicting_lengths": b"Content-Length: 5, 6\r\n\r\nhello!",
    "a_length_with_a_plus": b"Content-Length: +5\r\n\r\nhello",
    "a_negative_length": b"Content-Length: -5\r\n\r\nhello",
    "a_hexadecimal_length": b"Content-Length: 0x5\r\n\r\nhello",
    "a_length_with_a_blank": b"Content-Length: 5 5\r\n\r\nhello",
    "a_length_with_letters": b"Content-Length: 5a\r\n\r\nhello",
    "an_empty_length": b"Content-Length:\r\n\r\nhello",
    "a_length_beyond_64_bits": b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "a_length_after_a_vertical_tab": b"Content-Length: \x0b5\r\n\r\nhello",
    "chunks_and_a_length": (
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + END
    ),
    "a_length_and_chunks": (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + END
    ),
}
CODINGS = {
    "chunked_twice_in_a_list": b"Transfer-Encoding: chunked, chunked",
    "chunked_twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "chunked_before_another_coding": b"Transfer-Encoding: chunked, gzip",
    "another_coding_alone": b"Transfer-Encoding: gzip",
    "the_coding_identity": b"Transfer-Encoding: identity",
    "chunked_and_identity": (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"
    ),
    "an_obfuscated_coding": b"Transfer-Encoding: xchunked",
    "a_quoted_coding": b'Transfer-Encoding: "chunked"',
    "a_coding_with_a_parameter": b"Transfer-Encoding: chunked;q=1",
    "a_coding_after_a_vertical_tab": b"Transfer-Encoding: \x0bchunked",
    "a_coding_before_a_form_feed": b"Transfer-Encoding: chunked\x0c",
    "a_coding_with_a_nul": b"Transfer-Encoding: chunked\x00",
    "a_folded_coding": b"Transfer-Encoding:\r\n chunked",
    "a_coding_after_a_bare_cr": b"X: 1\rTransfer-Encoding: chunked",
    "a_coding_before_a_colon_with_a_blank": b"Transfer-Encoding : chunked",
    "an_empty_coding": b"Transfer-Encoding:",
    "a_long_s_in_a_coding": b"Transfer-Encoding: chun\xe2\x84\xaaed",
}
CHUNKS = {
    "a_chunk_size_of_letters": b"zz\r\nhello\r\n",
    "a_negative_chunk_size": b"-5\r\nhello\r\n",
    "a_chunk_size_with_a_plus": b"+5\r\nhello\r\n",
    "a_chunk_size_with_0x": b"0x5\r\nhello\r\n",
    "a_chunk_size_with_an_underscore": b"0_5\r\nhello\r\n",
    "a_chunk_size_after_a_blank": b" 5\r\nhello\r\n",
    "a_chunk_size_before_a_blank": b"5 \r\nhello\r\n",
    "an_empty_chunk_size": b"\r\nhello\r\n",
    "a_chunk_size_beyond_64_bits": b"10000000000000005\r\nhello\r\n",
    "a_chunk_line_with_a_bare_lf": b"5\nhello\r\n",
    "a_chunk_line_with_a_bare_cr": b"5\rhello\r\n",
    "a_chunk_without_its_line_end": b"5\r\nhello0\r\n",
    "a_chunk_with_a_bare_lf_at_its_end": b"5\r\nhello\n",
    "a_chunk_that_is_too_long": b"3\r\nhello\r\n",
    "a_chunk_extension_with_a_bare_lf": b"5;a\nb\r\nhello\r\n",
    "a_chunk_extension_with_a_bare_cr": b"5;a\rb\r\nhello\r\n",
    "a_chunk_extension_with_a_nul": b"5;a\x00b\r\nhello\r\n",
    "a_chunk_extension_without_a_semicolon": b"5 a=b\r\nhello\r\n",
    "a_chunk_extension_with_a_bad_name": b"5;(=b\r\nhello\r\n",
    "a_chunk_extension_with_an_open_quote": b'5;a="b\r\nhello\r\n',
    "an_oversized_chunk_line": b"5;a=" + BIG + b"\r\nhello\r\n",
    "a_chunk_size_of_many_zeros": b"0" * 200_000 + b"5\r\nhello\r\n",
}
TRAILERS = {
    "a_trailer_that_is_no_field": b"nonsense\r\n",
    "a_trailer_with_a_blank_before_its_colon": b"X-A : 1\r\n",
    "a_folded_trailer": b"X-A: 1\r\n 2\r\n",
    "a_trailer_with_a_bare_lf": b"X-A: 1\nX-B: 2\r\n",
    "a_trailer_with_a_bare_cr": b"X-A: 1\rX-B: 2\r\n",
    "a_trailer_with_a_nul": b"X-A: 1\x002\r\n",
    "oversized_trailers": b"X-A: " + BIG + b"\r\n",
}
LINES = {
    "a_bare_cr_in_a_value": b"X-A: 1\rX-B: 2\r\n",
    "a_bare_cr_at_a_values_end": b"X-A: 1\r\r\n",
    "a_bare_lf_in_a_value": b"X-A: 1\nX-B: 2\r\n",
    "a_nul_in_a_value": b"X-A: 1\x002\r\n",
    "a_nul_in_a_name": b"X-\x00A: 1\r\n",
    "a_bare_cr_in_a_name": b"X-\rA: 1\r\n",
    "a_folded_field": b"X-A: 1\r\n 2\r\n",
    "a_field_folded_by_a_tab": b"X-A: 1\r\n\t2\r\n",
    "a_blank_before_a_colon": b"X-A : 1\r\n",
    "a_tab_before_a_colon": b"X-A\t: 1\r\n",
    "a_name_with_a_blank": b"X A: 1\r\n",
    "an_empty_name": b": 1\r\n",
    "a_line_without_a_colon": b"nonsense\r\n",
    "a_name_with_brackets": b"X(A): 1\r\n",
    "a_name_beyond_ascii": b"X-\xc3\xa9: 1\r\n",
}
HOSTS = {
    "no_host": b"",
    "two_hosts": b"Host: $HOST\r\nHost: else.example\r\n",
    "the_same_host_twice": b"Host: $HOST\r\nHost: $HOST\r\n",
    "a_host_with_a_blank": b"Host: $HOST else.example\r\n",
    "a_host_with_a_path": b"Host: $HOST/x\r\n",
    "a_host_with_userinfo": b"Host: me@$HOST\r\n",
    "a_list_of_hosts": b"Host: $HOST, else.example\r\n",
    "a_host_with_a_query": b"Host: $HOST?x\r\n",
    "a_host_with_a_quote": b'Host: $HOST"\r\n',
}
START_LINES = {
    "two_blanks_in_the_request_line": b"GET  / HTTP/1.1\r\n",
    "a_tab_in_the_request_line": b"GET\t/ HTTP/1.1\r\n",
    "a_blank_in_the_target": b"GET /a b HTTP/1.1\r\n",
    "a_nul_in_the_target": b"GET /a\x00b HTTP/1.1\r\n",
    "a_bare_cr_in_the_request_line": b"GET /a\rb HTTP/1.1\r\n",
    "a_control_character_in_the_target": b"GET /a\x01b HTTP/1.1\r\n",
    "a_fragment_in_the_target": b"GET /a#b HTTP/1.1\r\n",
    "a_target_without_a_slash": b"GET a HTTP/1.1\r\n",
    "a_star_for_get": b"GET * HTTP/1.1\r\n",
    "an_authority_for_get": b"GET $HOST HTTP/1.1\r\n",
    "another_scheme": b"GET ftp://$HOST/ HTTP/1.1\r\n",
    "userinfo_in_an_absolute_target": b"GET http://me@$HOST/ HTTP/1.1\r\n",
    "an_absolute_target_without_a_host": b"GET http:///x HTTP/1.1\r\n",
    "connect": b"CONNECT $HOST HTTP/1.1\r\n",
    "connect_to_another_host": b"CONNECT else.example:443 HTTP/1.1\r\n",
    "no_version": b"GET /\r\n",
    "an_unknown_major_version": b"GET / HTTP/2.0\r\n",
    "the_preface_of_http_2": b"PRI * HTTP/2.0\r\n",
    "a_version_with_more": b"GET / HTTP/1.1x\r\n",
    "a_version_of_two_digits": b"GET / HTTP/1.10\r\n",
    "a_version_in_lower_case": b"GET / http/1.1\r\n",
    "another_protocol": b"GET / RTSP/1.0\r\n",
    "a_method_with_brackets": b"GE(T / HTTP/1.1\r\n",
    "an_empty_method": b" / HTTP/1.1\r\n",
    "a_bare_lf_after_the_request_line": b"GET / HTTP/1.1\n",
    "a_blank_after_the_version": b"GET / HTTP/1.1 \r\n",
}
WHOLE = {
    "bare_lfs_alone": b"GET / HTTP/1.1\nHost: $HOST\n\n",
    "a_bare_lf_at_the_heads_end": GET + b"\n",
    "a_blank_before_the_first_field": b"GET / HTTP/1.1\r\n Host: $HOST\r\n\r\n",
    "a_folded_line_before_host": b"GET / HTTP/1.1\r\n X: 1\r\nHost: $HOST\r\n\r\n",
    "an_oversized_field": GET + b"X-A: " + BIG + b"\r\n\r\n",
    "oversized_fields": GET + b"X-A: 12345678901234567890\r\n" * 10_000 + b"\r\n",
    "an_oversized_target": b"GET /" + BIG + b" HTTP/1.1\r\nHost: $HOST\r\n\r\n",
    "an_oversized_method": BIG + b" / HTTP/1.1\r\nHost: $HOST\r\n\r\n",
    "http_0_9": b"GET /\r\n\r\n",
    "a_tls_handshake": bytes.fromhex("16030100c8010000c40303") + b"\x00" * 200,
    "chunks_of_an_http_1_0_client": CHUNKED.replace(b"1.1", b"1.0") + END,
}


def _bad(name: str, section: str, raw: bytes) -> Rule:
    run = partial(request_is_refused, raw=raw)
    return Rule(name, section, Kind.MALFORMED, run)


RULES = (
    *[_bad(name, "9112 6.3", POST + rest) for name, rest in FRAMING.items()],
    *[
        _bad(name, "9112 6.1", POST + line + b"\r\n\r\n5\r\nhello\r\n" + END)
        for name, line in CODINGS.items()
    ],
    *[_bad(name, "9112 7.1", CHUNKED + rest + END) for name, rest in CHUNKS.items()],
    *[
        _bad(name, "9112 7.1.2", CHUNKED + b"5\r\nhello\r\n0\r\n" + lines + b"\r\n")
        for name, lines in TRAILERS.items()
    ],
    *[_bad(name, "9112 5", GET + line + b"\r\n") for name, line in LINES.items()],
    *[
        _bad(name, "9112 3.2", b"GET / HTTP/1.1\r\n" + lines + b"\r\n")
        for name, lines in HOSTS.items()
    ],
    *[
        _bad(name, "9112 3", line + b"Host: $HOST\r\n\r\n")
        for name, line in START_LINES.items()
    ],
    *[_bad(name, "9112 2.2", raw) for name, raw in WHOLE.items()],
)
