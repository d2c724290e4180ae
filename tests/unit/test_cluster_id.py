"""The id of an embedded cluster."""

import uuid

from contraflow.embedded.kafka import new_cluster_id


def test_an_id_never_looks_like_an_option() -> None:
    # 0xF8 is the first byte whose base64 text begins with "-".
    draws = iter([uuid.UUID(bytes=b"\xf8" + bytes(15)), uuid.UUID(bytes=b"\x01" + bytes(15))])
    assert new_cluster_id(lambda: next(draws)) == "AQAAAAAAAAAAAAAAAAAAAA"
