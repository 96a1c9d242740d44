# SPDX-License-Identifier: BSD-2-Clause
"""The BGP messages of an MRT file (RFC 6396): BGP4MP and BGP4MP_ET, plain, .gz or .bz2."""
import bz2
import collections
import gzip
import os
import struct

# Who sent it, with 4-octet AS numbers or not, what it is, and the body without header.
Message = collections.namedtuple("Message", "asn address as4 kind body")


def messages(path):
    opener = {".gz": gzip.open, ".bz2": bz2.open}.get(os.path.splitext(path)[1], open)
    with opener(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        _, kind, subtype, length = struct.unpack_from(">IHHI", data, at)
        record = data[at + 12:at + 12 + length]
        at += 12 + length
        if kind not in (16, 17) or subtype not in (1, 4, 6, 7):
            continue  # not BGP4MP, or a change of state
        if kind == 17:
            record = record[4:]  # microseconds
        as4 = subtype in (4, 7)
        asn, = struct.unpack_from(">I" if as4 else ">H", record)
        head = 12 if as4 else 8
        family, = struct.unpack_from(">H", record, head - 2)
        size = 4 if family == 1 else 16
        message = record[head + 2 * size:]
        yield Message(asn, record[head:head + size], as4, message[18], message[19:])
