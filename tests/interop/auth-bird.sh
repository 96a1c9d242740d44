#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# TCP MD5 (RFC 2385) and TTL security (RFC 5082) with BIRD 2; auth-lib.sh tells what is asked
# of it.
interop_part=auth exec "$(dirname "$0")/bird.sh"
