#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# TCP MD5 (RFC 2385) and TTL security (RFC 5082) with OpenBGPD; auth-lib.sh tells what is asked
# of it.
interop_part=auth exec "$(dirname "$0")/openbgpd.sh"
