"""What a stack counts for, of the parts of an exchange."""

from bench.profile import REST, part_of


def test_a_stack_counts_for_the_part_that_is_most_of_its_own() -> None:
    recording = "f0 CPyDef_recording___Recording____record (x.so)\n"
    answer = "f1 CPyDef_upstream___UpstreamConnection___data_received (x.so)\n"
    masking = "f2 CPyDef_redaction___bodies___masked_body (x.so)\n"
    undoing = "f3 CPyDef_body____undo (x.so)\n"
    assert part_of(answer) == "the answer: its way back"
    assert part_of(recording + answer) == "recording: the rest"
    assert part_of(masking + recording + answer) == "masking bodies: the rest"
    packing = "f6 CPyDef_packing____parts_of (x.so)\n"
    assert part_of(packing + recording + answer) == "recording: packing the row"
    whole = "f4 inflate (libz.so)\n" + undoing + masking + recording + answer
    assert part_of(whole) == "masking bodies: undoing gzip"
    assert part_of("f5 epoll_wait (libc.so)\n") == REST
